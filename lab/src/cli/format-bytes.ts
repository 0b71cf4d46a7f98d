// Sizes for people.

/** `812 bytes`, `48.4 MB`. */
export function formatBytes(bytes: number): string {
  return bytes < 100_000 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(1)} MB`;
}
