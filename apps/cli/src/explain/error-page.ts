/** What `sluice explain` shows of the code of an error, beside its fate and its cure, which the table of the code contains. */
export interface ErrorPage {
  /** What happened, in English. */
  readonly means: string;
  readonly ru: { readonly means: string; readonly cure: string };
  /** A part of a file, a request or a command that leads to the error, and the one that does not. */
  readonly example: { readonly wrong: string; readonly right: string };
}
