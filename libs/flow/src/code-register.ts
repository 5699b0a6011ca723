/**
 * Second entry point of the package: the codes of findings with their pages, for programs that explain codes. It loads neither the parser
 * nor the expressions.
 */
export { FINDING_CODES, isFindingCode, type FindingCode, type FindingRow } from './codes.js';
export { FINDING_PAGES, type CodeExample, type CodePage } from './code-pages.js';
export { nearest } from './nearest.js';
