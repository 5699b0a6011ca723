/** The description of a function for editors. */
export interface FunctionDescription {
  /** The parameters in order; one that ends with `?` can be left out. */
  readonly parameters: readonly string[];
  readonly about: string;
}

/** `<parameters> | <description>` of each function that an expression can call. */
const TABLE: Readonly<Record<string, string>> = {
  abs: 'number | the number without its sign',
  append: 'list1, list2 | one list with the items of both',
  assert: 'condition, message? | fails with the message when the condition is false',
  average: 'numbers | the mean of the numbers; no value for an empty list',
  base64decode: 'text | the text that Base64 in UTF-8 contains',
  base64encode: 'text | the text in UTF-8 as Base64',
  boolean: 'value | JSONata\'s truth of a value: `$boolean("false")` is true, so compare texts instead',
  ceil: 'number | the smallest whole number that is not below the number',
  clone: 'value | a copy of the value',
  contains: 'text, part | true when the text contains the part, or matches the regular expression',
  count: 'list | the number of items; 0 when there is no value',
  dateTime1C:
    'value, zone? | `2026-02-01T10:00:00`, local time for 1C, from ISO 8601 or milliseconds; null and `""` become the empty date of 1C',
  decimal:
    'value, places? | a number from a number or a text such as `"1 234,50"`, rounded half away from zero: `$decimal(1.005, 2)` is 1.01',
  decodeUrl: 'text | the text of an encoded URL',
  decodeUrlComponent: 'text | the text of an encoded part of a URL',
  distinct: 'list | the list without repeated items; write `[ … ]` around it where one item must stay a list',
  each: 'object, function | the results of the function for each value and key of the object',
  encodeUrl: 'text | the text as a URL',
  encodeUrlComponent: 'text | the text as a part of a URL, for instance a parameter',
  error: 'message? | fails with the message',
  exists: 'value | true when there is a value: `$exists(steps.save)` is true when the step has run',
  filter:
    'list, function | the items for which the function returns true; write `[ … ]` around it where one item must stay a list',
  floor: 'number | the largest whole number that is not above the number',
  formatBase: 'number, radix? | the number in another radix, 10 by default',
  formatInteger: 'number, picture | the whole number as a text, by a picture of XPath',
  formatNumber: 'number, picture, options? | the number as a text, by a picture such as `"0.00"`',
  fromMillis: 'milliseconds, picture?, zone? | a time as ISO 8601 in UTC, or by a picture and a zone such as `"Europe/Moscow"`',
  hash: 'text, algorithm? | hexadecimal digits; `sha256` by default, also `sha1`, `sha512` and `md5`',
  instant: 'text, zone? | ISO 8601 in UTC from a local time; null for the empty date of 1C',
  join: 'texts, separator? | the texts of a list in one text',
  keys: 'object | the keys of an object; write `[ … ]` around it where one key must stay a list',
  length: 'text | the number of characters',
  lookup: 'object, key | the value under a key that an expression computes',
  lowercase: 'text | the text in small letters',
  map: 'list, function | the results of the function for each item; write `[ … ]` around it where one result must stay a list',
  match: 'text, pattern, limit? | the matches of a regular expression: objects with `match`, `index` and `groups`',
  max: 'numbers | the largest number',
  merge: 'objects | one object with the keys of all; the last one wins',
  millis: ' | the time of this step in milliseconds since 1970',
  min: 'numbers | the smallest number',
  not: 'value | true for false, and false for true; no value when there is none',
  now: 'picture?, zone? | the time of this step, as ISO 8601 in UTC',
  number: 'value | the number that a text contains; values of AMI and of forms are texts',
  pad: 'text, width, character? | the text filled up to a width: on the right, or on the left when the width is negative',
  parse: 'text | the value of JSON in a text',
  parseInteger: 'text, picture | the whole number that a text contains, by a picture of XPath',
  phone:
    'text, country? | the international digits: `8 (495) 123-45-67` becomes `74951234567`; up to six digits are an extension; no value when it is no number',
  power: 'base, exponent | the base raised to the exponent',
  random: ' | a number from 0 to 1; it differs in each attempt',
  reduce: 'list, function, initial? | one value from all items: the function receives the value so far and the next item',
  replace: 'text, pattern, replacement, limit? | the text with the pattern replaced',
  reverse: 'list | the items in the opposite order',
  round: 'number, places? | the number rounded half to even: `$round(2.5)` is 2. For money use `$decimal`',
  shuffle: 'list | the items in a random order; it differs in each attempt',
  sift: 'object, function | the object with the keys for which the function returns true',
  single: 'list, function? | the only item for which the function returns true; fails for none and for several',
  sort: 'list, function? | the items in order; the function returns true when its first argument belongs after its second',
  split: 'text, separator, limit? | the parts of a text between the separators',
  spread: 'object | a list of objects with one key each',
  sqrt: 'number | the square root',
  string: 'value, pretty? | the value as a text: JSON for objects and lists',
  substring: 'text, start, length? | a part of the text; a negative start counts from the end',
  substringAfter: 'text, part | the text after the first occurrence of the part',
  substringBefore: 'text, part | the text before the first occurrence of the part',
  sum: 'numbers | the sum; no value when there is none, so write `$sum([x.y])`',
  toMillis: 'text, picture? | milliseconds since 1970; a text without a zone is local time in `settings.timezone`',
  trim: 'text | the text without white space at its ends, and single spaces inside',
  type: 'value | `"null"`, `"number"`, `"string"`, `"boolean"`, `"array"`, `"object"` or `"function"`',
  uppercase: 'text | the text in capital letters',
  uuid: 'name? | an id that is derived from run, step and name: the same in every attempt, so it can be used as a key',
  xml: 'text | the elements by local name, attributes as `` `@name` ``, text beside attributes as `` `#text` ``; every value is a text',
  zip: 'list1, list2? | lists of the first items, of the second items, and so on',
};

/** The functions that an expression can call, by name without the `$`. */
export const FUNCTION_DESCRIPTIONS: ReadonlyMap<string, FunctionDescription> = new Map(
  Object.entries(TABLE).map(([name, row]) => {
    const bar = row.indexOf(' | ');
    const parameters = row.slice(0, bar).split(', ');
    return [name, { parameters: parameters.filter((one) => one !== ''), about: row.slice(bar + 3) }];
  }),
);
