import { readDate, writeDate } from '@sluice/onec';
import { isWritable } from '../xml/write-xml.js';
import { readDecimal, writeDecimal } from './decimal.js';

/** Converts between the values of a flow and the texts of one simple type. */
interface SimpleType {
  /** Expected value, for messages. */
  readonly what: string;
  /** Returns undefined when the value does not match the type. */
  readonly write: (value: unknown, timezone: string | undefined) => string | undefined;
  readonly read: (text: string) => unknown;
}

const text: SimpleType = {
  what: 'a text',
  write: (value) => {
    if (typeof value === 'boolean') return String(value);
    const written = typeof value === 'number' ? writeDecimal(value) : value;
    return typeof written === 'string' && isWritable(written) ? written : undefined;
  },
  read: (written) => written,
};

const decimal: SimpleType = { what: 'a number', write: writeDecimal, read: readDecimal };

const integer: SimpleType = {
  what: 'a whole number',
  write: (value) => {
    const written = writeDecimal(value);
    return written?.includes('.') ? undefined : written;
  },
  read: readDecimal,
};

const FLOAT = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?INF|NaN)$/;

const float: SimpleType = {
  what: 'a number, or one of the texts INF, -INF and NaN',
  write: (value) => {
    if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined;
    return typeof value === 'string' && FLOAT.test(value) ? value : undefined;
  },
  read: (written) => {
    const number = Number(written);
    // INF and NaN remain strings, because JSON cannot represent them
    return written.trim() === '' || !Number.isFinite(number) ? written.trim() : number;
  },
};

const boolean: SimpleType = {
  what: 'true or false',
  write: (value) => (value === true || value === 'true' ? 'true' : value === false || value === 'false' ? 'false' : undefined),
  read: (written) => {
    const trimmed = written.trim();
    if (trimmed === 'true' || trimmed === '1') return true;
    return trimmed === 'false' || trimmed === '0' ? false : written;
  },
};

const dateTime: SimpleType = {
  what: 'a date in ISO 8601, such as 2026-02-01T10:00:00',
  write: writeDate,
  read: (written) => readDate(written.trim()),
};

const date: SimpleType = {
  what: 'a day, such as 2026-02-01',
  write: (value, timezone) => writeDate(value, timezone)?.slice(0, '2026-02-01'.length),
  read: (written) => (written.trim() === '0001-01-01' ? null : written.trim()),
};

const time: SimpleType = {
  what: 'a time, such as 10:00:00',
  write: (value) =>
    typeof value === 'string' && /^\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?$/.test(value) ? value : undefined,
  read: (written) => written.trim(),
};

const base64: SimpleType = {
  what: 'a text in base64',
  write: (value) =>
    typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value) ? value : undefined,
  read: (written) => written.replaceAll(/\s+/g, ''),
};

const INTEGERS = [
  'integer int long short byte nonNegativeInteger positiveInteger nonPositiveInteger negativeInteger',
  'unsignedInt unsignedLong unsignedShort unsignedByte',
].flatMap((names) => names.split(' '));

const TYPES: ReadonlyMap<string, SimpleType> = new Map<string, SimpleType>([
  ...INTEGERS.map((name) => [name, integer] as const),
  ['decimal', decimal],
  ['float', float],
  ['double', float],
  ['boolean', boolean],
  ['dateTime', dateTime],
  ['date', date],
  ['time', time],
  ['base64Binary', base64],
]);

const TEXTS = new Set(
  [
    'string normalizedString token language Name NCName NMTOKEN NMTOKENS ID IDREF IDREFS ENTITY ENTITIES anyURI QName NOTATION hexBinary',
    'duration gYear gYearMonth gMonth gMonthDay gDay anyType anySimpleType',
  ].flatMap((names) => names.split(' ')),
);

/** Returns whether XML Schema defines a type of this local name. */
export function isSchemaType(local: string): boolean {
  return TYPES.has(local) || TEXTS.has(local);
}

/** Returns the type of XML Schema with this local name; a type without a special form is handled as a string. */
export function simpleType(local: string): SimpleType {
  return TYPES.get(local) ?? text;
}
