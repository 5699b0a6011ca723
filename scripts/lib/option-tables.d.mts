import type { AnyPlugin } from '@sluice/plugin-api';

export function optionTables(plugin: AnyPlugin): string;
export function replaceOptions(readme: string, tables: string): string;
