import { allocate, spend } from '../budget.js';

/**
 * Sorts items with a stable merge sort that calls the comparison as the library does: with an item of the left half first.
 *
 * @param behind returns true when the first item sorts after the second
 */
export function mergeSort<Item>(items: readonly Item[], behind: (a: Item, b: Item) => boolean): Item[] {
  allocate(items.length * 8);
  if (items.length <= 1) return [...items];
  const middle = Math.floor(items.length / 2);
  const left = mergeSort(items.slice(0, middle), behind);
  const right = mergeSort(items.slice(middle), behind);
  const merged: Item[] = [];
  let fromLeft = 0;
  let fromRight = 0;
  while (fromLeft < left.length && fromRight < right.length) {
    spend(1);
    if (behind(left[fromLeft] as Item, right[fromRight] as Item)) merged.push(right[fromRight++] as Item);
    else merged.push(left[fromLeft++] as Item);
  }
  while (fromLeft < left.length) merged.push(left[fromLeft++] as Item);
  while (fromRight < right.length) merged.push(right[fromRight++] as Item);
  return merged;
}
