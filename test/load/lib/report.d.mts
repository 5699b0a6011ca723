export function judgeRatio(
  name: string,
  ratio: number,
  options: { readonly save: boolean; readonly isSound: boolean },
  file?: URL,
): { readonly isGood: boolean; readonly line: string };
