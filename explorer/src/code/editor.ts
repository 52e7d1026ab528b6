/** CodeMirror as the snippets have it. It is loaded when they come into sight. */
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** The colours of the page, which follow its theme. */
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier], color: "var(--rmsnorm)" },
  { tag: [tags.string, tags.number, tags.bool, tags.null], color: "var(--uniform)" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: "var(--orthogonal)" },
  { tag: tags.comment, color: "var(--muted)" },
]);

/** Which line has an error, counted from 1; an edit takes the mark away. */
const markLine = StateEffect.define<number | undefined>();
const marked = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, { effects, docChanged, state }) {
    for (const effect of effects) {
      if (!effect.is(markLine)) continue;
      if (effect.value === undefined || effect.value > state.doc.lines) return Decoration.none;
      return Decoration.set(Decoration.line({ class: "wrong" }).range(state.doc.line(effect.value).from));
    }
    return docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export interface Editor {
  readonly element: HTMLElement;
  text(): string;
  /** Another text; what is alike at both ends stays, and the cursor in it. */
  replace(text: string): void;
  mark(line: number | undefined): void;
  focus(): void;
}

/** @param changed told after each change by hand or by `replace` */
export function openEditor(text: string, label: string, changed: () => void, run: () => void): Editor {
  const start = () => {
    run();
    return true;
  };
  const view = new EditorView({
    doc: text,
    extensions: [
      lineNumbers(),
      history(),
      javascript(),
      syntaxHighlighting(colours),
      marked,
      // tab is left to the browser: it leads on, out of the editor
      keymap.of([
        { key: "Mod-Enter", run: start },
        ...defaultKeymap.filter(({ key }) => key !== "Mod-Enter"),
        ...historyKeymap,
      ]),
      EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off" }),
      EditorView.updateListener.of(({ docChanged }) => {
        if (docChanged) changed();
      }),
    ],
  });
  const now = () => view.state.doc.toString();
  return {
    element: view.dom,
    text: now,
    replace(next) {
      const before = now();
      if (next === before) return;
      let from = 0;
      while (from < Math.min(before.length, next.length) && before[from] === next[from]) from++;
      let same = 0;
      const most = Math.min(before.length, next.length) - from;
      while (same < most && before[before.length - 1 - same] === next[next.length - 1 - same]) same++;
      view.dispatch({ changes: { from, to: before.length - same, insert: next.slice(from, next.length - same) } });
    },
    mark: (line) => view.dispatch({ effects: markLine.of(line) }),
    focus: () => view.focus(),
  };
}
