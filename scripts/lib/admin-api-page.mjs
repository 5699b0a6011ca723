// Generates docs/reference/admin-api.md.

/**
 * @param {Record<string, import('@sluice/admin-contract').AdminRoute>} routes
 * @param {{ errorsOf: Function, openApi: Function }} contract the built package
 */
export function adminApiPage(routes, { errorsOf, openApi }) {
  const { paths } = openApi(routes, 'admin');
  return [
    '# Admin API',
    '',
    '<!-- Generated from the code by "npm run docs": do not edit. -->',
    '',
    'The HTTP API of a host for operators: the command line uses it. A request needs the header `Authorization: Bearer TOKEN`, with a token of',
    'the operator (`sluice token --sub me --scope viewer`) that has the scope of the route; `admin` includes `viewer`. Bodies are JSON. Unknown',
    'fields are refused with 400 `INPUT_INVALID`. Every error has the body `{ code, message, cure? }`: [error codes](errors.md). A running host',
    'serves the same description as OpenAPI at `/api/docs`.',
    '',
    'A list answers `{ items, next?, remaining? }`. `next` is the `cursor` of the next page and is opaque. A page begins after the last item of the',
    'page before: items that are added meanwhile neither shift nor repeat others. `remaining` is the number of items after the page, counted up',
    'to 10,000.',
    '',
    'Each POST is recorded in the audit log before it begins, with the issuer and the subject of its token, the time, the route, the target and',
    'the outcome; data of events are not recorded. Rows are kept for a year, at most a million of each route. `sluice audit` lists them. The command',
    'line signs its own tokens with the subject `cli:<user>@<machine>` when it reads the secret of the operator. A person who has that secret can sign',
    'any subject: set `SLUICE_TOKEN` to a personal token where the record has to be reliable.',
    '',
    ...table(
      ['route', 'scope', 'what it does'],
      Object.values(routes).map((route) => [`\`${route.method} ${route.path}\``, `\`${route.scope}\``, route.summary]),
    ),
    ...Object.values(routes).flatMap((route) => section(route, paths[route.path][route.method.toLowerCase()], errorsOf(route))),
  ].join('\n');
}

function section(route, operation, errors) {
  const parameters = operation.parameters.map(({ name, in: part, required, schema }) => [name, part, required, schema]);
  const body = operation.requestBody?.content['application/json'].schema;
  const fields = Object.entries(body?.properties ?? {}).map(([name, schema]) => [
    name,
    'body',
    (body.required ?? []).includes(name),
    schema,
  ]);
  const request = [...parameters, ...fields].map(([name, part, required, schema]) => [
    `\`${name}\``,
    part,
    required ? 'yes' : schema.default === undefined ? 'no' : `\`${schema.default}\``,
    [typeOf(schema), schema.description].filter(Boolean).join('; '),
  ]);
  const response = Object.values(operation.responses)[0].content?.['application/json'].schema;
  return [
    `## ${route.method} ${route.path}`,
    '',
    `${route.summary}. Scope \`${route.scope}\`.${route.plugin ? ` Served by a connection of the plugin ${route.plugin}.` : ''}`,
    '',
    ...(request.length === 0 ? [] : table(['field', 'in', 'required, or default', 'value'], request)),
    response === undefined ? `Answers ${route.status} without a body.` : `Answers ${route.status}:`,
    '',
    ...(response === undefined ? [] : ['```text', ...shapeOf(response, ''), '```', '']),
    `Errors: ${errors.map(([status, codes]) => `${status} ${codes.map((code) => `\`${code}\``).join(', ')}`).join('; ')}.`,
    '',
  ];
}

/** Returns the lines of a schema: a line for each field, a question mark after the names of optional ones. */
function shapeOf(schema, indent) {
  if (schema.type === 'array' && schema.items.properties) return ['[{', ...fieldsOf(schema.items, indent), `${indent}}]`];
  if (!schema.properties) return [typeOf(schema)];
  return ['{', ...fieldsOf(schema, indent), `${indent}}`];
}

function fieldsOf({ properties, required = [] }, indent) {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const [first, ...rest] = shapeOf(schema, `${indent}  `);
    const lines = [`${indent}  ${name}${required.includes(name) ? '' : '?'}: ${first}`, ...rest];
    if (schema.description) lines[0] += `   ${schema.description}`;
    return lines;
  });
}

function typeOf(schema) {
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return several.map((one) => oneLine(one)).join(' | ');
  if (schema.type === 'array') return `list of ${oneLine(schema.items)}`;
  if (schema.type === 'object' && schema.additionalProperties && !schema.properties)
    return `object of ${oneLine(schema.additionalProperties)} by name`;
  return schema.format === 'date-time' ? 'time' : (schema.type ?? 'any JSON');
}

function oneLine(schema) {
  if (!schema.properties) return typeOf(schema);
  return `{ ${Object.entries(schema.properties)
    .map(([name, one]) => `${name}${schema.required?.includes(name) ? '' : '?'}: ${typeOf(one)}`)
    .join(', ')} }`;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''];
}
