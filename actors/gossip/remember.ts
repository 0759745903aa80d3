/** Adds to a set that keeps the newest so many. */
export function remember(set: Set<string>, id: string, maximum: number): void {
  set.delete(id);
  set.add(id);
  for (const oldest of set) {
    if (set.size <= maximum) return;
    set.delete(oldest);
  }
}
