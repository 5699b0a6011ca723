/** Characters that turn the direction of a text or are not visible: in a name they could imitate another one. */
const TRICKS = /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0]/gu;

/** Returns a name or title without control, invisible and direction characters. */
export function plainName(name: string): string {
  return name.replace(TRICKS, '').replace(/\s+/g, ' ').trim();
}

/** Returns up to two initials: of `Анна Белова` `АБ`. */
export function initials(name: string): string {
  const words = plainName(name)
    .split(' ')
    .map((word) => /[\p{L}\p{N}]/u.exec(word)?.[0])
    .filter((letter) => letter !== undefined);
  return words.slice(0, 2).join('').toLocaleUpperCase();
}

/** Returns a number from 0 to 7 that stays the same for an id: the colour of its initials. */
export function hueOf(id: string): number {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + char.charCodeAt(0)) % 1_000_003;
  return sum % 8;
}
