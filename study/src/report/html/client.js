// What a page can do beyond being read: light or dark, copying a row, saving its numbers and figures.

const root = document.documentElement;
const said = document.getElementById("said");
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
for (const element of all(".scripted")) element.hidden = false;

// Light or dark.
const choices = all("[data-choose]");
const choose = (theme) => {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  for (const choice of choices) choice.setAttribute("aria-pressed", String(choice.dataset.choose === theme));
};
for (const choice of choices) choice.addEventListener("click", () => choose(choice.dataset.choose));
choose("system");

// Saving.
const save = (name, type, text) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
};
const textOf = (cell) => {
  const name = cell.querySelector("bdi");
  return name?.title ? cell.textContent.replace(name.textContent, name.title) : cell.textContent;
};
/** A spreadsheet would run a text that begins as a formula. */
const harmless = (text) => (/^[=+@\t\r]|^-(?![\d.])/.test(text) ? `'${text}` : text);
const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const heads = (table) => ["model", "site", ...all("thead [data-csv]", table).map((head) => head.dataset.csv)];
const cells = (row) => [row.parentNode.dataset.model, ...[...row.children].map(textOf)].map(harmless);
const saving = {
  csv({ name, from }) {
    const table = from.closest("section").querySelector("table");
    const rows = [heads(table), ...all("tbody tr:not(.model)", table).map(cells)];
    save(`${name}.csv`, "text/csv", rows.map((row) => `${row.map(quoted).join(",")}\n`).join(""));
  },
  svg({ name, from }) {
    const copy = from.closest("figure").querySelector("svg.wide").cloneNode(true);
    copy.querySelector(".frame")?.remove();
    const style = getComputedStyle(root);
    const names = ["paper", "ink", "muted", "rule", "uniform", "orthogonal", "layernorm", "rmsnorm", "null", "font"];
    const probe = document.body.appendChild(document.createElement("i"));
    const value = (variable) => {
      if (variable === "font") return style.getPropertyValue("--font");
      probe.style.color = `var(--${variable})`;
      return getComputedStyle(probe).color;
    };
    for (const variable of names) copy.style.setProperty(`--${variable}`, value(variable));
    probe.remove();
    copy.style.background = "var(--paper)";
    save(`${name}.svg`, "image/svg+xml", new XMLSerializer().serializeToString(copy));
  },
  async json() {
    const packed = Uint8Array.from(atob(document.getElementById("data").textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    save("study.json", "application/json", await new Response(stream).text());
  },
};
for (const button of all("[data-save]")) {
  button.addEventListener("click", async () => {
    try {
      await saving[button.dataset.save]({ name: button.dataset.name, from: button });
      said.textContent = "Saved.";
    } catch (error) {
      said.textContent = `Not saved: ${error.message}`;
    }
  });
}

// Copying a row: its name is a button. Tab goes from table to table, up and down from row to row.
const copy = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.body.appendChild(document.createElement("textarea"));
  area.value = text;
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser does not allow it");
};
for (const table of all("section.table table")) {
  const buttons = all("tbody tr:not(.model) > th", table).map((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "row";
    button.append(...head.childNodes);
    head.append(button);
    return button;
  });
  for (const [i, button] of buttons.entries()) {
    button.tabIndex = i === 0 ? 0 : -1;
    button.addEventListener("click", async () => {
      try {
        await copy([heads(table), cells(button.closest("tr"))].map((row) => row.join("\t")).join("\n"));
        said.textContent = `Copied: ${button.textContent}`;
      } catch (error) {
        said.textContent = `Not copied: ${error.message}`;
      }
    });
    button.addEventListener("keydown", (event) => {
      const next = { ArrowDown: i + 1, ArrowUp: i - 1, Home: 0, End: buttons.length - 1 }[event.key];
      if (next === undefined || buttons[next] === undefined) return;
      event.preventDefault();
      button.tabIndex = -1;
      buttons[next].tabIndex = 0;
      buttons[next].focus();
    });
  }
}

// The values of a figure's marks.
for (const figure of all("figure")) {
  const drawing = figure.querySelector(".drawing");
  showValues(drawing, figure.querySelector("figcaption b").textContent.replace(/\.\s*$/, ""));
}

// What was said is shown for a while.
let hush;
new MutationObserver(() => {
  clearTimeout(hush);
  if (said.textContent !== "") hush = setTimeout(() => (said.textContent = ""), 3000);
}).observe(said, { childList: true });
