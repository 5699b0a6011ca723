/** Fields of a packet in the order in which they are written; a list repeats the key. */
export type Fields = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** A packet as it goes over the wire. */
export function writePacket(fields: Fields): Buffer {
  const lines = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : [value].flat().map((one) => `${key}: ${one}\r\n`),
  );
  return Buffer.from(`${lines.join('')}\r\n`);
}

/** An action that came in: values by key in lower case, since Asterisk does not look at case. */
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
