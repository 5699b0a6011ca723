import type { AnyPlugin } from '@sluice/plugin-api';
import { z } from 'zod';

interface Field {
  readonly type?: string;
  readonly writeOnly?: boolean;
}

/** Returns the lines of a connection whose values come from variables, and the variables that must be set. */
export function connectionEntry(
  name: string,
  plugin: AnyPlugin,
): { readonly lines: readonly string[]; readonly variables: readonly string[] } {
  const { properties = {}, required = [] } = z.toJSONSchema(plugin.connection, { io: 'input', unrepresentable: 'any' }) as {
    readonly properties?: Readonly<Record<string, Field>>;
    readonly required?: readonly string[];
  };
  const fields = Object.entries(properties)
    .filter(([key, { writeOnly }]) => required.includes(key) || key === 'user' || writeOnly)
    .map(([key, { type }]) => ({ key, isRequired: required.includes(key), type, variable: variableOf(name, key) }));
  const valueOf = ({ type, variable, isRequired }: (typeof fields)[number]) => {
    const value = isRequired ? `env.${variable}` : `env.${variable} ?? $omit`;
    return type === 'integer' || type === 'number' ? `\${{ $number(${value}) }}` : `\${{ ${value} }}`;
  };
  const lines = fields.map((field) => `    ${field.key}: ${valueOf(field)}`);
  return {
    lines: [`${name}:`, `  use: ${plugin.name}`, ...(lines.length > 0 ? ['  with:', ...lines] : [])],
    variables: fields.filter(({ isRequired }) => isRequired).map(({ variable }) => variable),
  };
}

/** `baseUrl` of the connection `erp` is read from ERP_URL, `connectTimeout` from ERP_CONNECT_TIMEOUT. */
function variableOf(connection: string, key: string): string {
  const words = key === 'baseUrl' ? 'url' : key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`);
  return `${connection.replaceAll('-', '_')}_${words}`.toUpperCase();
}
