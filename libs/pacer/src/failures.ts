/** Codes of errors at the start of a host and in `sluice doctor`. Flows never see them. Second entry point of the package, for `sluice explain`. */
export const PACER_CODES = {
  PACER_UNAVAILABLE: { fate: 'unavailable', cure: 'check that the server of the pacer runs, for example with sluice doctor' },
} as const;
