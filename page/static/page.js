/* What gradio does not do: links of ours (?do=…), copying, windows, the address of the open chat.
   Nothing of a document or a model is ever put in as HTML here, but for pieces that our own
   server has made of escaped text. */
(() => {
  "use strict";
  const words = JSON.parse(document.querySelector('meta[name="yz-words"]').content);
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];

  /* --- saying what happened */

  let hidden = 0;
  function say(text) {
    let toast = one("#yz-toast");
    if (!toast) {
      toast = document.createElement("div");
      toast.id = "yz-toast";
      toast.setAttribute("role", "status");
      document.body.append(toast);
    }
    toast.textContent = text;
    toast.classList.add("yz-seen");
    clearTimeout(hidden);
    hidden = setTimeout(() => toast.classList.remove("yz-seen"), 2500);
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // an address without https has no clipboard
      const area = document.createElement("textarea");
      area.value = text;
      (one("#yz-window[open]") || document.body).append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    say(words.copied);
  }

  /* --- windows */

  function open(title, ...content) {
    const box = one("#yz-window") || document.createElement("dialog");
    box.id = "yz-window";
    box.setAttribute("aria-label", title);
    const head = made("h2", title);
    const close = button("✕", () => box.close());
    close.className = "yz-close";
    close.title = words.close;
    close.setAttribute("aria-label", words.close);
    box.replaceChildren(head, close, ...content);
    if (!box.isConnected) document.body.append(box);
    if (!box.open) box.showModal();
    return box;
  }

  function made(tag, text) {
    const element = document.createElement(tag);
    element.textContent = text;
    return element;
  }

  function button(label, press) {
    const element = made("button", label);
    element.type = "button";
    element.addEventListener("click", press);
    return element;
  }

  function confirmed(question, label) { // resolves to whether the reader agrees
    return new Promise((resolve) => {
      const agree = button(label, () => { resolve(true); box.close(); });
      agree.className = "yz-agree";
      const box = open(question, agree, button(words.cancel, () => box.close()));
      box.addEventListener("close", () => resolve(false), { once: true });
      agree.focus();
    });
  }

  /* --- gradio's components, driven as a reader would */

  function fill(selector, text) {
    const field = one(`${selector} textarea, ${selector} input`);
    const kind = field.tagName === "TEXTAREA" ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(field, text);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    return field;
  }

  function press(prefix, text) { // gradio takes a moment to hear of what was filled in
    fill(`${prefix}-command`, text);
    setTimeout(() => one(`${prefix}-run`).click(), 50);
  }

  const select_tab = (name) => one(`#yz-tabs [role=tab][data-tab-id="${name}"]`)?.click();
  const replaced = () => one("#yz-replaced textarea, #yz-replaced input")?.value ?? "";
  const questionOf = (n) => all(".yz-question")[Number(n)]?.innerText ?? "";

  function ask(question, place) {
    if (!one("#yz-question .submit-button")) {
      say(words.busy);
      return;
    }
    fill("#yz-replaced", place);
    fill("#yz-question", question);
    setTimeout(() => one("#yz-question .submit-button")?.click(), 50);
  }

  async function retry(n) {
    const isLast = Number(n) === all(".yz-question").length - 1;
    if (isLast || await confirmed(words.replaces, words.retry)) ask(questionOf(n), n);
  }

  function edit(n) {
    fill("#yz-replaced", String(n));
    const field = fill("#yz-question", questionOf(n));
    setTimeout(show_editing, 50);
    field.focus();
  }

  function stop_editing() {
    fill("#yz-replaced", "");
    fill("#yz-question", "");
    show_editing();
  }

  function show_editing() { // a line above the question, for as long as it replaces another
    const n = replaced();
    const told = n && words.editing.replace("{}", Number(n) + 1);
    const before = one("#yz-editing");
    if (told === (before?.firstChild.textContent ?? "")) return;
    before?.remove();
    if (!told) return;
    const line = made("div", "");
    line.id = "yz-editing";
    line.setAttribute("role", "status");
    line.append(made("span", told), button(words.cancel, stop_editing));
    one("#yz-question").before(line);
  }

  /* The table narrowed down to the documents that a bar of the chart counts. */
  function filter({ find }) {
    fill("#yz-search", find).scrollIntoView({ block: "center" });
  }

  /* --- our own addresses */

  async function get(address, method = "GET") {
    const reply = await fetch(address, { method });
    const text = await reply.text();
    if (!reply.ok) throw new Error(text.slice(0, 300));
    return text;
  }

  async function post(address, fields) {
    const reply = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(fields),
    });
    const found = await reply.json().catch(() => ({}));
    if (!reply.ok) throw new Error(found.error || words.failed);
    return found;
  }

  async function cite(place) { // making references takes a second or two: the window is there at once
    const content = made("div", words.wait);
    content.setAttribute("role", "status");
    open(words.cite, content);
    try {
      content.innerHTML = await get(`cite?${new URLSearchParams(place)}`); // made by our server
    } catch (error) {
      content.textContent = error.message || words.failed;
    }
  }

  async function collect(fields) {
    const { count } = await post("collect", fields);
    say(words.collected.replace("{}", count));
  }

  async function share(fields) {
    const { path, token } = await post("share", fields);
    const field = document.createElement("input");
    field.readOnly = true;
    field.value = new URL(path, document.baseURI).href;
    field.setAttribute("aria-label", words.link);
    const withdraw = button(words.withdraw, async () => {
      await get(`links/${token}/withdraw`, "POST");
      one("#yz-window").close();
      say(words.withdrawn);
    });
    open(words.link, made("p", words.shared), field, button(words.copy, () => copy(field.value)), withdraw);
    field.select();
  }

  async function remove(chat) {
    if (await confirmed(words.sure, words.delete)) press("#yz", JSON.stringify({ do: "delete", chat }));
  }

  function open_chat(chat) {
    select_tab("chat");
    press("#yz", JSON.stringify({ do: "open", chat }));
    close_sidebar();
  }

  const deeds = {
    ask: (v) => ask(v.question, ""),
    retry: (v) => retry(v.n),
    edit: (v) => edit(v.n),
    copy: async (v) => copy(await get(`answer.txt?chat=${v.chat}&n=${v.n}`)),
    copy_sources: async (v) => copy(await get(`answer.txt?chat=${v.chat}&n=${v.n}&sources=1`)),
    filter,
    cite: (v) => cite({ id: v.id, start: v.start, end: v.end }),
    collect: (v) => collect(v.chat ? { chat: v.chat, n: v.n } : v),
    share: (v) => share({ chat: v.chat, n: v.n }),
    share_chat: (v) => share({ chat: v.chat }),
    delete_chat: (v) => remove(v.chat),
    report_up: (v) => press("#yz-report", JSON.stringify({ do: "report_up", item: v.item })),
    report_down: (v) => press("#yz-report", JSON.stringify({ do: "report_down", item: v.item })),
    report_drop: (v) => press("#yz-report", JSON.stringify({ do: "report_drop", item: v.item })),
  };

  async function act(name, values) {
    try {
      await deeds[name]?.(values);
    } catch (error) {
      say(error.message || words.failed);
    }
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.yz-action, a.yz-bar, a.yz-chat, a.yz-language, button.yz-copy");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (link.matches("button.yz-copy")) {
      copy(link.previousElementSibling.textContent);
      return;
    }
    if (link.matches(".yz-language")) { // gradio would open it apart
      location.assign(link.getAttribute("href"));
      return;
    }
    const values = Object.fromEntries(new URL(link.href, document.baseURI).searchParams);
    if (link.matches(".yz-chat")) open_chat(values.chat);
    else act(values.do, values);
  }, true);

  // The document beside the chat offers the same (document.js).
  document.addEventListener("yz:action", (event) => {
    const { action, id, start, end } = event.detail;
    act(action, { id, start, end });
  });

  /* --- the list of chats: on a phone it covers the page, so that it is closed there at first, and
     again when something is chosen or pressed beside it */

  const PHONE = matchMedia("(max-width: 768px)");
  let settling = 0;

  function close_sidebar() {
    if (PHONE.matches) one("#yz-sidebar.open > .toggle-button")?.click();
  }

  function settle_sidebar() { // gradio may open it again while it begins: some tries are made
    if (settling || !one("#yz-sidebar")) return;
    settling = setInterval(() => {
      close_sidebar();
      if (++tries < 10) return;
      clearInterval(settling);
      document.documentElement.classList.add("yz-settled");
    }, 60);
    let tries = PHONE.matches ? 0 : 9;
  }

  PHONE.addEventListener("change", close_sidebar);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#yz-new")) {
      select_tab("chat");
      close_sidebar();
    } else if (PHONE.matches && event.isTrusted && !event.target.closest?.("#yz-sidebar, dialog")) {
      close_sidebar();
    }
  });

  /* --- the height that a keyboard on the screen leaves */

  function fit() {
    const { height, scale } = visualViewport;
    if (scale > 1.01) return; // the reader looks closer
    document.documentElement.style.setProperty("--yz-height", `${height}px`);
    scrollTo(0, 0);
  }
  if (window.visualViewport) visualViewport.addEventListener("resize", fit);

  /* --- keyboard: a link with role=button answers to the space bar; / goes to the question */

  document.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target.matches?.("a[role=button]")) {
      event.preventDefault();
      event.target.click();
    }
    const typing = event.target.matches?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      one("#yz-question textarea")?.focus();
    }
    if (event.key === "Escape" && replaced() && event.target.matches?.("#yz-question textarea")) {
      stop_editing();
    } else if (event.key === "Escape" && event.target.closest?.("#yz-sidebar")) {
      close_sidebar();
    }
  });

  /* --- what a change of the page brings with it */

  // The address and the title name the open chat, so that it can be reloaded and told from others.
  const NAME = "Yinzheng 引证"; // as in blocks.py
  let shown = null, titled = NAME;
  function name_chat() {
    const chat = one(".yz-open-chat")?.title ?? "";
    const title = chat && one("#yz-chats .yz-here .yz-chat")?.textContent;
    const wanted = title ? `${title} · ${NAME}` : NAME;
    if (titled !== wanted) document.title = titled = wanted; // what is read back may be another text
    if (chat === shown) return;
    if (shown !== null || chat) {
      const address = new URL(location.href);
      if (chat) address.searchParams.set("chat", chat);
      else address.searchParams.delete("chat");
      history.replaceState(history.state, "", address);
    }
    shown = chat;
  }

  // What gradio leaves unnamed, or names in English.
  const NAMES = {
    "#yz-question .submit-button": words.send,
    "#yz-question .stop-button": words.stop,
    "#yz-sidebar > .toggle-button": words.chats,
    "#yz-log [role=log]": words.conversation,
  };
  function name_controls() {
    for (const [selector, name] of Object.entries(NAMES)) {
      const control = one(selector);
      if (control && control.getAttribute("aria-label") !== name) {
        control.setAttribute("aria-label", name);
        if (control.matches("button")) control.title = name;
      }
    }
    // "Select example 1: …", "bot's message: <div …": what they hold says it better.
    one("#yz-log .examples[role=list]")?.removeAttribute("role"); // its children are buttons
    const misnamed = ".example, [data-testid=bot], [data-testid=user]";
    for (const each of all(`#yz-log :is(${misnamed})[aria-label]`)) each.removeAttribute("aria-label");
  }

  /* The newest question stays at the top while its answer is written, until the reader scrolls: a
     long answer is read from its beginning, and gradio would go to the end. */
  let seen = 0, isDrafting = false, follow = false;
  for (const type of ["wheel", "touchmove", "pointerdown", "keydown"]) {
    addEventListener(type, (event) => {
      if (event.target.closest?.("#yz-log")) follow = false;
    }, { passive: true });
  }
  function follow_question() {
    const asked = all("#yz-log .yz-question");
    const drafting = Boolean(one("#yz-log .yz-draft + .yz-quiet"));
    one("#yz-log [role=log]")?.setAttribute("aria-busy", String(drafting)); // not word for word
    if (asked.length !== seen || (drafting && !isDrafting)) follow = true;
    [seen, isDrafting] = [asked.length, drafting];
    if (!follow || !asked.length) return;
    asked.at(-1).scrollIntoView({ block: "start" });
    follow = drafting || all("#yz-log .yz-answer").length < asked.length;
  }

  new MutationObserver(() => {
    settle_sidebar();
    name_chat();
    name_controls();
    show_editing();
    follow_question();
  }).observe(document, { childList: true, subtree: true, attributes: true,
    attributeFilter: ["title"] });
})();
