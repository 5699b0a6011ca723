import { useEffect, useImperativeHandle, useRef, type ClipboardEvent, type KeyboardEvent, type Ref } from 'react';
import { mentionBeforeCaret, readComposer, segmentsOf, type RichText } from '../model/rich-text.js';
import type { Span } from '../model/shapes.js';
import { texts } from '../texts.js';

/** A larger text is cut when it is pasted, so that the browser stays responsive. */
const MAX_PASTED_CHARS = 30_000;

export type Format = 'bold' | 'italic' | 'strike' | 'code';

export interface EditorHandle {
  read(): RichText;
  write(content: RichText): void;
  focus(): void;
  format(format: Format): void;
  /** Replaces the mention that is being written with a person. */
  mention(id: string, name: string): void;
  /** Writes at the caret. */
  insert(text: string): void;
}

interface EditorProps {
  readonly ref: Ref<EditorHandle>;
  /** `mention`: the beginning of a name after `@` at the caret. `isTyped`: false after {@link EditorHandle.write}. */
  readonly onChange: (content: RichText, mention: string | undefined, isTyped: boolean) => void;
  readonly onFiles: (files: readonly File[]) => void;
  /** Returns true if it has handled the key. */
  readonly onKey: (event: KeyboardEvent) => boolean;
  readonly isDisabled: boolean;
  readonly describedBy: string;
  /** Id of the list of people while a mention is being written, and of its active option. */
  readonly popup?: { readonly list: string; readonly option: string } | undefined;
}

const TAGS: readonly (readonly [Span['kind'], string])[] = [
  ['bold', 'b'],
  ['italic', 'i'],
  ['strike', 's'],
  ['code', 'code'],
];

/**
 * The editable text of the composer. The browser edits it, with its own undo; this component only reads the result and never writes markup:
 * what it inserts are text nodes and elements of its own.
 */
export function Editor({ ref, onChange, onFiles, onKey, isDisabled, describedBy, popup }: EditorProps) {
  const root = useRef<HTMLDivElement>(null);

  const changed = (isTyped = true) => {
    if (!root.current) return;
    const content = readComposer(root.current);
    root.current.dataset['empty'] = String(content.text === '' && (root.current.textContent ?? '').trim() === '');
    onChange(content, isTyped ? mentionBeforeCaret(caret()?.before ?? '') : undefined, isTyped);
  };

  useImperativeHandle(ref, () => ({
    read: () => (root.current ? readComposer(root.current) : { text: '', spans: [] }),
    write: (content) => {
      root.current?.replaceChildren(...nodesOf(content));
      changed(false);
    },
    focus: () => {
      const selection = getSelection();
      root.current?.focus();
      if (root.current && selection) {
        selection.selectAllChildren(root.current);
        selection.collapseToEnd();
      }
    },
    format: (format) => {
      root.current?.focus();
      applyFormat(format);
      changed();
    },
    mention: (id, name) => {
      const place = caret();
      if (!place) return;
      const length = (mentionBeforeCaret(place.before) ?? '').length + 1;
      const range = document.createRange();
      range.setStart(place.node, place.offset - length);
      range.setEnd(place.node, place.offset);
      range.deleteContents();
      const after = document.createTextNode('\u00a0');
      const fragment = document.createDocumentFragment();
      fragment.append(mentionNode(id, `@${name}`), after);
      range.insertNode(fragment);
      getSelection()?.collapse(after, 1);
      changed();
    },
    insert: (text) => {
      root.current?.focus();
      document.execCommand('insertText', false, text);
    },
  }));

  useEffect(() => {
    // Chrome would wrap bold text in <span style>
    document.execCommand('styleWithCSS', false, 'false');
    document.execCommand('defaultParagraphSeparator', false, 'div');
  }, []);

  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || onKey(event)) return;
    if (event.key === 'Enter' && event.shiftKey) {
      event.preventDefault();
      document.execCommand('insertLineBreak');
    }
    // by the place of the key, so that it works with a Russian layout
    const format = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey ? KEYS[event.code] : undefined;
    if (format === undefined) return;
    event.preventDefault();
    applyFormat(format);
    changed();
  };

  const paste = (event: ClipboardEvent) => {
    event.preventDefault();
    const { files } = event.clipboardData;
    if (files.length > 0) return onFiles([...files]);
    const text = event.clipboardData.getData('text/plain').replaceAll('\r\n', '\n').slice(0, MAX_PASTED_CHARS);
    if (text !== '') document.execCommand('insertText', false, text);
  };

  return (
    <div
      ref={root}
      className="cv-editor"
      contentEditable={!isDisabled}
      suppressContentEditableWarning
      role="textbox"
      aria-multiline="true"
      aria-label={texts.write}
      aria-describedby={describedBy}
      aria-disabled={isDisabled || undefined}
      {...(popup && { 'aria-controls': popup.list, 'aria-activedescendant': popup.option, 'aria-autocomplete': 'list' as const })}
      data-placeholder={texts.writeHint}
      data-empty="true"
      spellCheck
      dir="auto"
      onInput={() => changed()}
      onKeyDown={press}
      onKeyUp={(event) => (event.key === 'ArrowLeft' || event.key === 'ArrowRight') && changed()}
      onPaste={paste}
      onDrop={(event) => event.preventDefault()}
    />
  );
}

const KEYS: Readonly<Record<string, Format>> = { KeyB: 'bold', KeyI: 'italic' };

function applyFormat(format: Format): void {
  if (format !== 'code') {
    document.execCommand(format === 'strike' ? 'strikeThrough' : format);
    return;
  }
  const selection = getSelection();
  const range = selection?.rangeCount ? selection.getRangeAt(0) : undefined;
  if (!range || range.collapsed) return;
  const inside = (
    range.commonAncestorContainer instanceof Element ? range.commonAncestorContainer : range.commonAncestorContainer.parentElement
  )?.closest('.cv-editor code');
  if (inside) {
    inside.replaceWith(...inside.childNodes);
    return;
  }
  const code = document.createElement('code');
  code.append(range.toString());
  range.deleteContents();
  range.insertNode(code);
  selection?.selectAllChildren(code);
}

function nodesOf({ text, spans }: RichText): Node[] {
  return segmentsOf(text, spans).map((segment) => {
    if (segment.person !== undefined) return mentionNode(segment.person, segment.text);
    let node: Node = document.createTextNode(segment.text);
    for (const [kind, tag] of TAGS) {
      if (!segment.formats.has(kind)) continue;
      const element = document.createElement(tag);
      element.append(node);
      node = element;
    }
    return node;
  });
}

function mentionNode(id: string, text: string): Node {
  const node = document.createElement('span');
  node.className = 'cv-mention';
  node.contentEditable = 'false';
  node.dataset['person'] = id;
  node.append(text);
  return node;
}

/** The caret if it stands in a text, and the text before it. */
function caret(): { node: Text; offset: number; before: string } | undefined {
  const selection = getSelection();
  const node = selection?.anchorNode;
  if (!selection?.isCollapsed || !(node instanceof Text)) return undefined;
  return { node, offset: selection.anchorOffset, before: node.data.slice(0, selection.anchorOffset).replaceAll('\u00a0', ' ') };
}
