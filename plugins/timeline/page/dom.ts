type Child = Node | string;

/** An element with its properties and children. Texts become text nodes: nothing that people wrote is ever read as HTML. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** An element of index.html. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html has no #${id}`);
  return found;
}

/** A button that does not send its form. */
export function button(text: string, onclick: () => void, more: Partial<HTMLButtonElement> = {}): HTMLButtonElement {
  return el('button', { type: 'button', onclick, ...more }, text);
}
