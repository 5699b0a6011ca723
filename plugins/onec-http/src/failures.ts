/** Errors of 1C beyond the shared codes; both connectors to 1C use the same ones. */
export { onec } from '@sluice/onec';
