// Citations beside the chat: a card on hover, focus or a long touch, the document on a click.
//
// Chips are links of class yz-mark to document?…; gradio renders messages anew at will, so nothing
// is bound to them: all events are caught on their way down from the document. What goes into
// innerHTML comes from our own server, which escapes whatever documents say.

(() => {
  "use strict";
  const labels = window.yzDocumentLabels;
  const CHIP = 'a[href*="document?"]'; // marks in answers, and documents in lists
  const REST = 250; // ms that a pointer rests on a chip before the card shows; to leave it again
  const LONG = 450; // ms of a touch that asks for the card instead of the document
  const MOVED = 10; // pixels that a finger may move and still be still
  const KEPT = 50; // cards kept
  const PHONE = matchMedia("(max-width: 800px)");

  // --- addresses: those of the server are relative to the page of a document

  function target(chip) {
    const url = new URL(chip.href, document.baseURI);
    const own = url.origin === location.origin && url.pathname.endsWith("/document");
    return own && url.searchParams.has("id") ? url : null;
  }

  function beside(url, kind) {
    const found = new URL(url);
    found.pathname += `/${kind}`;
    found.hash = "";
    return found;
  }

  function chipOf(event) {
    const found = event.target instanceof Element ? event.target.closest(CHIP) : null;
    return found && target(found) && !panel?.contains(found) ? found : null;
  }

  async function text(url, signal) {
    const reply = await fetch(url, { credentials: "same-origin", signal });
    // A refusal of ours is HTML as well; a redirection to a login page is no document.
    const isHtml = (reply.headers.get("content-type") || "").startsWith("text/html");
    if (!isHtml || reply.redirected || reply.status === 401 || reply.status === 403) {
      throw new Error(String(reply.status));
    }
    return { html: await reply.text(), ok: reply.ok };
  }

  function refer(root, base) {
    for (const link of root.querySelectorAll("a[href]")) {
      link.href = new URL(link.getAttribute("href"), base).href;
    }
  }

  function isDark() {
    return document.body.classList.contains("dark") || document.documentElement.classList.contains("dark");
  }

  // --- the card

  const cards = new Map();
  let card, shownFor, resting, leaving;

  function cardElement() {
    if (!card) {
      card = document.createElement("div");
      card.id = "yz-card";
      card.setAttribute("role", "tooltip");
      card.hidden = true;
      card.addEventListener("pointerenter", () => clearTimeout(leaving));
      card.addEventListener("pointerleave", hideSoon);
      document.body.append(card);
    }
    return card;
  }

  async function showCard(chip) {
    if (!target(chip).searchParams.has("start")) return;
    const address = beside(target(chip), "quote").href;
    shownFor = chip;
    if (!cards.has(address)) {
      try {
        const { html, ok } = await text(address);
        if (ok) cards.set(address, html);
        if (cards.size > KEPT) cards.delete(cards.keys().next().value);
      } catch {
        return; // a card that cannot be had is no loss: the click says why
      }
    }
    if (shownFor !== chip || !chip.isConnected || !cards.has(address)) return;
    const shown = cardElement();
    shown.innerHTML = cards.get(address);
    shown.classList.toggle("dark", isDark());
    shown.hidden = false;
    shown.scrollTop = 0;
    chip.setAttribute("aria-describedby", shown.id);
    place(shown, chip.getBoundingClientRect());
  }

  function place(shown, by) {
    const gap = 6;
    const { width, height } = shown.getBoundingClientRect();
    const left = Math.max(gap, Math.min(by.left, document.documentElement.clientWidth - width - gap));
    const above = by.top - height - gap;
    const below = by.bottom + gap;
    const fits = below + height <= innerHeight || above < 0;
    shown.style.left = `${left}px`;
    shown.style.top = `${Math.max(gap, fits ? Math.min(below, innerHeight - height - gap) : above)}px`;
  }

  function hideCard() {
    clearTimeout(resting);
    clearTimeout(leaving);
    if (shownFor) shownFor.removeAttribute("aria-describedby");
    shownFor = null;
    if (card) card.hidden = true;
  }

  function hideSoon() {
    clearTimeout(leaving);
    leaving = setTimeout(hideCard, REST);
  }

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const chip = chipOf(event);
    if (!chip) return;
    clearTimeout(leaving);
    clearTimeout(resting);
    if (chip !== shownFor) resting = setTimeout(() => { hideCard(); showCard(chip); }, REST);
  }, true);

  document.addEventListener("pointerout", (event) => {
    if (event.pointerType === "touch" || !chipOf(event)) return;
    clearTimeout(resting);
    if (shownFor) hideSoon();
  }, true);

  document.addEventListener("focusin", (event) => {
    const chip = chipOf(event);
    if (chip && chip.matches(":focus-visible")) showCard(chip);
  }, true);

  document.addEventListener("focusout", (event) => {
    if (chipOf(event)) hideCard();
  }, true);

  // A chip that is reached by keyboard is scrolled into view, and its card goes with it.
  document.addEventListener("scroll", (event) => {
    if (!card || card.hidden || event.target === card) return;
    if (shownFor?.matches(":focus-visible")) place(card, shownFor.getBoundingClientRect());
    else hideCard();
  }, true);

  document.addEventListener("wheel", (event) => {
    if (card && !card.hidden && !card.contains(event.target)) hideCard();
  }, { capture: true, passive: true });

  // A chip that gradio renders anew leaves without a word.
  new MutationObserver(() => {
    if (shownFor && !shownFor.isConnected) hideCard();
  }).observe(document.documentElement, { childList: true, subtree: true });

  // --- a long touch

  let touch;

  document.addEventListener("pointerdown", (event) => {
    if (card && !card.hidden && !card.contains(event.target)) hideCard();
    const chip = chipOf(event);
    clearTimeout(touch?.timer);
    touch = null;
    if (!chip || event.pointerType !== "touch") return;
    const now = { x: event.clientX, y: event.clientY, isLong: false };
    now.timer = setTimeout(() => { now.isLong = true; showCard(chip); }, LONG);
    touch = now;
  }, true);

  document.addEventListener("pointermove", (event) => {
    if (!touch || event.pointerType !== "touch") return;
    if (Math.hypot(event.clientX - touch.x, event.clientY - touch.y) > MOVED) endTouch();
  }, true);

  document.addEventListener("pointerup", () => clearTimeout(touch?.timer), true);
  document.addEventListener("pointercancel", () => clearTimeout(touch?.timer), true);
  document.addEventListener("contextmenu", (event) => {
    if (touch && chipOf(event)) event.preventDefault(); // the menu of a link would cover the card
  }, true);

  function endTouch() {
    clearTimeout(touch?.timer);
    touch = null;
  }

  // --- the panel

  let panel, name, actions, body, opener, request, current;

  function panelElement() {
    if (panel) return panel;
    panel = document.createElement("aside");
    panel.id = "yz-document";
    panel.setAttribute("aria-label", labels.document);
    const top = document.createElement("div");
    top.className = "yz-doc-top";
    name = document.createElement("span");
    name.className = "yz-doc-name";
    name.textContent = labels.document;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "yz-doc-close";
    close.textContent = "✕";
    close.title = labels.close;
    close.setAttribute("aria-label", labels.close);
    close.addEventListener("click", closePanel);
    top.append(name, close);
    body = document.createElement("div");
    body.className = "yz-document";
    body.tabIndex = 0;
    body.setAttribute("role", "region");
    body.setAttribute("aria-label", labels.document);
    actions = document.createElement("div"); // stays in sight while the text is scrolled
    panel.append(top, actions, body);
    panel.hidden = true;
    document.body.append(panel);
    return panel;
  }

  function isOpen() {
    return Boolean(panel) && !panel.hidden;
  }

  function openPanel(url, chip) {
    hideCard();
    panelElement();
    if (chip) opener = { chip, href: chip.getAttribute("href") };
    if (!isOpen()) {
      panel.hidden = false;
      document.documentElement.classList.add("yz-reading");
      // On a phone the way back leads to the chat, not off the page.
      if (PHONE.matches) history.pushState({ ...history.state, yzDocument: true }, "");
    }
    dress();
    load(url, true);
    body.focus({ preventScroll: true });
  }

  /** A sheet over the whole phone is a dialog, behind which nothing can be reached. */
  function dress() {
    panel.classList.toggle("dark", isDark());
    const isSheet = PHONE.matches;
    panel.setAttribute("role", isSheet ? "dialog" : "complementary");
    if (isSheet) panel.setAttribute("aria-modal", "true");
    else panel.removeAttribute("aria-modal");
    for (const other of document.body.children) {
      // Windows and messages that the page shows above the sheet stay within reach.
      if (other === panel || other === card || other.matches("dialog, script, [role=status]")) continue;
      other.inert = isSheet && isOpen();
    }
  }

  async function load(url, isNew) {
    request?.abort();
    request = new AbortController();
    current = url;
    body.setAttribute("aria-busy", "true");
    if (isNew) say(labels.loading);
    try {
      const { html } = await text(beside(url, "fragment"), request.signal);
      if (current !== url) return;
      body.innerHTML = html;
      refer(body, url);
      prepare();
      toQuote(!isNew && url.searchParams.has("from"));
    } catch (error) {
      if (error.name !== "AbortError" && current === url) say(labels.failed);
    } finally {
      if (current === url) body.removeAttribute("aria-busy");
    }
  }

  function say(told) {
    const line = document.createElement("p");
    line.className = "yz-doc-note";
    line.setAttribute("role", "status");
    line.textContent = told;
    body.replaceChildren(line);
    actions.replaceChildren();
    name.textContent = labels.document;
  }

  function prepare() {
    actions.replaceChildren(...body.querySelectorAll(".yz-doc-actions"));
    const title = body.querySelector(".yz-doc-title");
    name.textContent = title ? title.textContent : labels.document;
    name.lang = title ? title.lang : "";
    const toggle = actions.querySelector(".yz-doc-toggle");
    toggle?.setAttribute("role", "button");
  }

  function toQuote(isOtherPart) {
    const text_ = body.querySelector(".yz-doc-text");
    const quote = body.querySelector("#quote");
    const place = quote && !isOtherPart ? quote : isOtherPart ? text_ : null;
    if (!place) {
      body.scrollTop = 0;
      return;
    }
    const down = place.getBoundingClientRect().top - body.getBoundingClientRect().top;
    body.scrollTop += down - (isOtherPart ? 16 : body.clientHeight / 4);
  }

  function closePanel() {
    if (!isOpen()) return;
    if (history.state?.yzDocument) history.back(); // and what follows from it
    else leave();
  }

  function leave() {
    request?.abort();
    current = null;
    panel.hidden = true;
    body.replaceChildren();
    document.documentElement.classList.remove("yz-reading");
    dress();
    returnFocus();
  }

  /** The chip that was clicked may have been rendered anew since. */
  function returnFocus() {
    if (!opener) return;
    const again = [...document.querySelectorAll(CHIP)];
    const found = opener.chip.isConnected
      ? opener.chip
      : again.find((chip) => chip.getAttribute("href") === opener.href);
    found?.focus();
    hideCard();
    opener = null;
  }

  addEventListener("popstate", () => {
    if (isOpen() && !history.state?.yzDocument) leave();
  });

  PHONE.addEventListener("change", () => {
    if (isOpen()) dress();
  });

  document.addEventListener("click", (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const chip = chipOf(event);
    const inside = isOpen() && panel.contains(event.target);
    const link = inside ? event.target.closest("a.yz-doc-load") : null;
    if (link && target(link)) {
      event.preventDefault();
      load(target(link), false);
      body.focus({ preventScroll: true });
    } else if (chip) {
      event.preventDefault(); // gradio opens links in a new tab
      event.stopPropagation();
      const wasLong = touch?.isLong;
      endTouch();
      if (!wasLong) openPanel(target(chip), chip);
    } else if (inside) {
      tell(event.target.closest("[data-yz-action]"));
    }
  }, true);

  /** Say what is to be done with a place; the page takes it up. */
  function tell(button) {
    if (!button) return;
    const { yzAction: action, id, start, end } = button.dataset;
    const detail = { action, id, start: Number(start), end: Number(end), button };
    document.dispatchEvent(new CustomEvent("yz:action", { detail }));
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === " " && isOpen() && event.target.matches?.("#yz-document .yz-doc-toggle")) {
      event.preventDefault();
      event.target.click();
    }
    if (event.key === " " && chipOf(event)) { // as Enter does, instead of scrolling
      event.preventDefault();
      chipOf(event).click();
    }
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    if (card && !card.hidden) hideCard();
    else if (isOpen()) closePanel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
})();
