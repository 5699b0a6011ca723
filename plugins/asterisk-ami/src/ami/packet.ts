/** Value of a field: a text; a list, where the exchange repeats the key; or a map, where it lists channel variables. */
export type FieldValue = string | string[] | Readonly<Record<string, string>>;

/** One packet of the exchange: its fields by name. */
export type Packet = Readonly<Record<string, FieldValue>>;

/** `ChanVariable: name=value`, `DestChanVariable: …`, and the older `ChanVariable(SIP/101-1): …`. */
const CHANNEL_VARIABLE = /^(\w*ChanVariable)(?:\(.*\))?$/;
/** Asterisk before 14 answers `Command` with the raw output, which ends with `RAW_OUTPUT_END`. */
export const RAW_OUTPUT = 'Response: Follows';
export const RAW_OUTPUT_END = '--END COMMAND--';
const ESCAPED: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const RAW_HEADER = /^(Response|Privilege|ActionID|Message): /;

/** Parses the text of a packet without the blank line at its end. Lines without a colon are ignored. */
export function parsePacket(text: string): Packet {
  if (text.startsWith(RAW_OUTPUT)) return parseRawOutput(text);
  const fields: Record<string, FieldValue> = {};
  let at = 0;
  while (at < text.length) {
    const lineEnd = text.indexOf('\n', at);
    const next = lineEnd === -1 ? text.length : lineEnd;
    addLine(fields, text, at, text.charCodeAt(next - 1) === 13 ? next - 1 : next);
    at = next + 1;
  }
  return fields;
}

/** Returns the text of a field; the first of a repeated one. */
export function textOf(packet: Packet, name: string): string | undefined {
  const value = packet[name];
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value[0] : undefined;
}

/** Returns like `textOf`, but undefined for the texts that Asterisk writes for unknown values. */
export function knownText(packet: Packet, name: string): string | undefined {
  const text = textOf(packet, name);
  return text === undefined || text === '' || text === '<unknown>' || text === 'unknown' ? undefined : text;
}

/**
 * Returns the value of a variable from a `VarSet`. Asterisk escapes it there as the language C does
 * (https://docs.asterisk.org/Asterisk_16_Documentation/API_Documentation/AMI_Events/VarSet/).
 */
export function unescaped(value: string): string {
  return value.replaceAll(/\\([abfnrtv\\'"?])/g, (_, sign: string) => ESCAPED[sign] ?? sign);
}

/** Returns all texts of a field that may be repeated. */
export function textsOf(packet: Packet, name: string): readonly string[] {
  const value = packet[name];
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value : [];
}

function addLine(fields: Record<string, FieldValue>, text: string, from: number, to: number): void {
  const colon = text.indexOf(':', from);
  if (colon <= from || colon >= to) return;
  const name = text.slice(from, colon);
  const value = text.slice(text.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1, to);
  const variable = name.includes('ChanVariable') ? CHANNEL_VARIABLE.exec(name)?.[1] : undefined;
  if (variable !== undefined) addVariable(fields, variable, value);
  else addText(fields, name, value);
}

function addText(fields: Record<string, FieldValue>, name: string, value: string): void {
  if (!Object.hasOwn(fields, name)) {
    // a property of every object in JavaScript, which no field may set
    if (name !== '__proto__') fields[name] = value;
    return;
  }
  const before = fields[name];
  if (Array.isArray(before)) before.push(value);
  else if (typeof before === 'string') fields[name] = [before, value];
}

function addVariable(fields: Record<string, FieldValue>, name: string, assignment: string): void {
  const equals = assignment.indexOf('=');
  if (equals < 1) return;
  const before = fields[name];
  const known = typeof before === 'object' && !Array.isArray(before) ? before : {};
  fields[name] = { ...known, [assignment.slice(0, equals)]: assignment.slice(equals + 1) };
}

function parseRawOutput(text: string): Packet {
  const fields: Record<string, FieldValue> = {};
  const lines = text.split(/\r?\n/);
  const rest = lines.findIndex((line) => !RAW_HEADER.test(line));
  for (const line of lines.slice(0, rest)) addLine(fields, line, 0, line.length);
  const output = lines.slice(rest);
  const end = output.findIndex((line) => line.endsWith(RAW_OUTPUT_END));
  const last = output[end]?.slice(0, -RAW_OUTPUT_END.length) ?? '';
  return { ...fields, Response: 'Success', Output: [...output.slice(0, end), ...(last === '' ? [] : [last])] };
}
