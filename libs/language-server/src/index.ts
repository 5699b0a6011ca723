/**
 * The language server for flows and sluice.yaml: completion, hover, definitions, rename, live lint and code lenses over the protocol of
 * editors (LSP 3.17). It reads files, loads plugins and runs tests through `LanguageHost` only. Begin to read at `server.ts`.
 */
export { serveLanguage, type LanguageServerOptions } from './server.js';
export type { Checked, LanguageHost, TestRun, WorkspaceSources } from './ports.js';
