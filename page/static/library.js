// Folders: what is chosen or dropped keeps its path, which gradio would cut down to a name.
(() => {
  "use strict";
  const FIELDS = "#yz-upload, #yz-folder";
  const MOST = 1000;
  let held = []; // a file forgets its path when nothing holds on to it

  const name_by_path = (files) => {
    held = [...files];
    for (const file of held) {
      const path = file.yzPath || file.webkitRelativePath;
      if (path) Object.defineProperty(file, "name", { value: path, configurable: true });
    }
  };

  // Runs before gradio's own listener, which reads the names.
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (input.type === "file" && input.closest(FIELDS)) name_by_path(input.files);
  }, true);

  const entries_of = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));

  const file_of = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

  const collect = async (entries) => {
    const files = [];
    const waiting = [...entries];
    while (waiting.length && files.length < MOST) {
      const entry = waiting.shift();
      if (entry.isFile) {
        const file = await file_of(entry);
        Object.defineProperty(file, "yzPath", { value: entry.fullPath.replace(/^\//, "") });
        files.push(file);
      } else {
        const reader = entry.createReader();
        for (let some = await entries_of(reader); some.length; some = await entries_of(reader)) {
          waiting.push(...some);
        }
      }
    }
    return files;
  };

  // A folder that is dropped comes as an entry that has to be walked; gradio takes files alone.
  document.addEventListener("drop", async (event) => {
    const field = event.target.closest?.(FIELDS);
    const items = [...(event.dataTransfer?.items || [])];
    const entries = items.map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (!field || !entries.some((entry) => entry.isDirectory)) return;
    event.preventDefault();
    event.stopPropagation();
    const input = field.querySelector("input[type=file]");
    const files = await collect(entries);
    if (!input || !files.length) return;
    name_by_path(files);
    Object.defineProperty(input, "files", { value: files, configurable: true });
    input.dispatchEvent(new Event("change", { bubbles: true }));
    delete input.files;
  }, true);

  // What gradio has screen readers say in English only.
  const TOLD = {
    "Drop CSV or TSV files here to import data into dataframe": ["文件列表", "文件列表"],
    "Click to upload or drop files": ["点击上传或拖入文件", "點擊上傳或拖入檔案"],
  };
  const tell = () => {
    // A plain div has no name; its column has one.
    for (const one of document.querySelectorAll('#yz-documents div[aria-label="Static column"]'))
      one.removeAttribute("aria-label");
    const language = ["zh-CN", "zh-TW"].indexOf(document.documentElement.lang);
    if (language < 0) return;
    for (const one of document.querySelectorAll("[aria-label]")) {
      const told = TOLD[one.getAttribute("aria-label")];
      if (told) one.setAttribute("aria-label", told[language]);
    }
  };
  new MutationObserver(tell).observe(document, { childList: true, subtree: true,
    attributes: true, attributeFilter: ["aria-label"] });
})();
