/** Fields of a packet in the order of writing; a list repeats the key. */
export type Fields = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** Returns the bytes of a packet. */
export function writePacket(fields: Fields): Buffer {
  const lines = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : [value].flat().map((one) => `${key}: ${one}\r\n`),
  );
  return Buffer.from(`${lines.join('')}\r\n`);
}

/** A received action: values by key in lower case, because Asterisk ignores the case of keys. */
export type Action = ReadonlyMap<string, readonly string[]>;

export function parseAction(text: string): Action {
  const action = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const key = line.slice(0, colon).toLowerCase();
    action.set(key, [...(action.get(key) ?? []), line.slice(colon + 1).trimStart()]);
  }
  return action;
}

export const valueOf = (action: Action, key: string): string => action.get(key.toLowerCase())?.[0] ?? '';
