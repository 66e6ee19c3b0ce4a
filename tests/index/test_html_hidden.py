import pytest

from index.formats.html_reader import read_page


def hidden(source):
    return [span.of(source) for span in read_page(source).hidden]


@pytest.mark.parametrize(
    "attributes",
    [
        *("hidden", "hidden=''", "HIDDEN", "style='display:none'", 'style="a:b; DISPLAY : None;"'),
        *("style='visibility: hidden'", "style=display:none", "style='display:none !important'"),
        *("style='font-size:0'", "style='font-size: 0px; color:red'"),
        *("style='color:#fff;background:white'",),
        *("style='background-color: #FFFFFF; color: rgb(255, 255, 255)'",),
    ],
)
def test_what_a_browser_does_not_show_is_hidden(attributes):
    assert hidden(f"<p>看得见，的。</p><div {attributes}>字<p>词</p></div>文") == ["字<p>词</p>"]


@pytest.mark.parametrize(
    "attributes",
    [
        *("class=hidden", "data-hidden=1", "aria-hidden=true", "style='display:block'"),
        *("style='font-size:0.8em'", "style='font-size:10px'", "style='color:#fff'"),
        *("style='color:#fff;background:#000'", "title='display:none'", "hidden=false"),
        *("style='overflow:hidden'",),
    ],
)
def test_what_a_browser_shows_is_not(attributes):
    assert hidden(f"<p>看得见，的。</p><div {attributes}>字</div>文") == []


def test_the_end_of_the_element_is_found_among_others_and_where_it_is_left_out():
    assert hidden("甲，<span hidden>一<span>二</span>三</span>四") == ["一<span>二</span>三"]
    assert hidden("甲，<p hidden>一<p>二") == ["一"]
    assert hidden("甲，<ul><li hidden>一<li>二</ul>") == ["一"]
    assert hidden("甲，<div><i style='display:none'>一</div>二") == ["一"]
    assert hidden("甲，<dialog>一</dialog><dialog open>二</dialog>") == ["一"]


def test_an_article_that_a_script_will_show_is_kept():
    assert hidden("菜单<div style='visibility:hidden'><p>第一，第二。</p></div>") == []


def test_letters_that_cannot_be_seen_are_hidden_however_many_they_are():
    assert hidden("菜单<div style='font-size:0'>第一，第二。</div>") == ["第一，第二。"]


def test_an_element_whose_children_have_sizes_of_their_own_is_shown():
    source = "一，<div style='font-size:0'><b style='font-size:14px'>二</b></div>"
    assert hidden(source) == []
