/** Makes the first letter lower case, to continue our sentence with the message of a library. */
export function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
