/** What 1C says beyond the shared codes; both connectors to it speak of the same troubles. */
export { onec } from '@sluice/onec';
