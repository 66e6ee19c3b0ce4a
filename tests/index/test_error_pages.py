import pytest

from index.clean import clean
from index.cleaning.error_pages import check_error_page, error_sign
from index.decode import decode
from index.errors import ReadError
from index.script import to_traditional

PAGES = (
    "404 Not Found",
    "403 Forbidden",
    "HTTP Status 500 – Internal Server Error",
    "502 Bad Gateway\nopenresty",
    "404\n抱歉，您访问的页面不存在或已被删除！\n5秒后自动跳转到首页",
    "您的访问过于频繁，请稍后再试。\n请输入验证码",
    "抱歉，当前访问人数过多，请完成“安全验证”后继续访问",
    "您的请求可能存在威胁，已被拦截\n您的IP：192.0.2.1\n事件ID：abc",
    "由于您访问的URL有可能对网站造成安全威胁，您的访问被阻断。\n您的请求ID是：abc123",
    "您无权访问该页面",
    "会话已过期，请重新登录",
    "Session expired. Please log in again.",
    "Please enable JavaScript to continue.",
    "Checking your browser before accessing. DDoS protection",
    "Access Denied\nYou don't have permission to access this page on this server.\nReference #18.1",
)
HTML_PAGES = (
    "<title>404 Not Found</title><center><h1>404 Not Found</h1></center><hr>nginx/1.18.0",
    "<title>Just a moment...</title><noscript>Enable JavaScript and cookies</noscript>",
    "<title>安全验证</title>请拖动滑块完成验证<br>换一张<script>var long = 1;</script>",
    "<title>登录</title><form>用户名<input>密码<input>验证码<input><a>忘记密码</a><a>立即注册</a>",
)
SHELLS = (
    '<title>办法</title><script src="a.js"></script><div id="app"></div>',
    "<title>网上办事大厅</title><div id=root><p>Loading…</p></div><script>x</script>",
)
DOCUMENTS = (
    "第一条 网络安全验证应当符合国家标准。",
    "关于启用网站安全验证的通知\n各有关单位：为加强安全，登录时请输入验证码。",
    "本文介绍验证码的原理。验证码是区分人机的图灵测试，常见的有滑动滑块验证。网站访问过于频繁时会要求输入"
    "验证码。研究人员提出了多种新方法来改进体验。用户普遍反映流程过于复杂，影响正常办事效率。",
    "用户登录办事指南\n申请人请先登录政务服务网，忘记密码的可拨打热线咨询。申请材料包括身份证和营业执照。"
    "办理时限为五个工作日，不收取任何费用。办理结果可以在网上查询或者到窗口领取证照原件。",
    "关于公布404家企业名单的公告\n现将名单公布如下。",
    "东莞市支持硼药研发，给予最高200万元。",
    "联系我们\n电话：020-12345678",
    "500万元",
)


@pytest.mark.parametrize("page", PAGES)
def test_error_pages_are_refused_in_both_scripts(page):
    for text in (page, to_traditional(page)):
        with pytest.raises(ReadError, match="it is an error page") as caught:
            clean(text)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("page", HTML_PAGES)
def test_error_pages_in_html_are_refused(page):
    with pytest.raises(ReadError, match="it is an error page"):
        clean(f"<html><body>{page}</body></html>", "text/html")


@pytest.mark.parametrize("page", SHELLS)
def test_shells_that_a_script_fills_are_refused(page):
    with pytest.raises(ReadError, match="a script fills"):
        clean(page, "text/html")


def test_the_error_is_quoted():
    with pytest.raises(ReadError, match=r"“404 Not Found”.*open it in a browser"):
        check_error_page("404 Not Found\nnginx", "text/plain")


@pytest.mark.parametrize("text", DOCUMENTS)
def test_documents_about_such_things_are_no_error_pages(text):
    for page in (text, to_traditional(text)):
        assert error_sign(page) == ""


def test_no_sample_and_no_real_document_is_taken_for_an_error_page(samples):
    for file in samples.iterdir():
        html = file.suffix == ".html"
        check_error_page(decode(file.read_bytes()), "text/html" if html else "text/plain")


def test_no_real_page_is_taken_for_an_error_page(corpus):
    for file in [*corpus.iterdir(), *corpus.parent.glob("eval/html/*.html")]:
        html = file.suffix == ".html"
        check_error_page(decode(file.read_bytes()), "text/html" if html else "text/plain")


@pytest.mark.parametrize(
    "raw", ["<!--" * 50_000, "<script" * 30_000, "<" * 200_000, "<p " * 60_000]
)
def test_hostile_html_is_looked_at_in_linear_time(raw):
    check_error_page(raw, "text/html")
