type Child = Node | string;

/** Creates an element with properties and children. Texts become text nodes, so input of users is never parsed as HTML. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Returns an element of index.html. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html has no #${id}`);
  return found;
}

/** Creates a button that does not submit its form. */
export function button(text: string, onclick: () => void, more: Partial<HTMLButtonElement> = {}): HTMLButtonElement {
  return el('button', { type: 'button', onclick, ...more }, text);
}
