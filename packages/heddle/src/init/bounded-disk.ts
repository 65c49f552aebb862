/**
 * A disk of which only so much is looked at: somebody may ask about his home directory, or about all there is.
 *
 * Pure over a {@link Disk}. Each directory is listed once.
 */
import type { Disk } from '../config/disk.ts'

/** A disk that ends somewhere. */
export interface BoundedDisk extends Disk {
  /** Whether there was more than was shown. */
  readonly isCut: () => boolean
}

/** @param most So many directories are found in others, all together. */
export function boundedDisk(disk: Disk, most: number): BoundedDisk {
  const listed = new Map<string, readonly string[]>()
  let left = most
  let isCut = false
  const list = (path: string): readonly string[] => {
    const names = left === 0 ? [] : readable(disk, path)
    isCut ||= left === 0 || names.length > left
    const shown = names.slice(0, left)
    left -= shown.length
    listed.set(path, shown)
    return shown
  }
  return {
    kind: path => disk.kind(path),
    read: path => disk.read(path),
    directories: path => listed.get(path) ?? list(path),
    isCut: () => isCut
  }
}

function readable(disk: Disk, path: string): readonly string[] {
  try {
    return disk.directories(path)
  } catch {
    // Nobody may look into it: nothing that could be run is there.
    return []
  }
}
