/** Invisible characters and those that change the direction of a text, as the server removes them: a name with them could imitate another one. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** Returns a name or title without control, invisible and direction characters. */
export function plainName(name: string): string {
  return name.replace(/\s+/g, ' ').replace(HIDDEN, '').replace(/\s+/g, ' ').trim();
}
