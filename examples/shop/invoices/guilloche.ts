/**
 * Draws the fine lines known from banknotes, different for every order: woven waves for the head of an
 * invoice and a rosette for its foot.
 *
 * Pure, and deliberately real work: tens of thousands of points, the reason why the invoices have a
 * thread of their own.
 */
import { createHash } from 'node:crypto'

import type { Box, Point } from './pdf.ts'

const waveLines = 36
const wavePoints = 420
const rosetteLines = 18
const rosettePoints = 720

/** Waves through a box, from its left edge to its right. */
export function drawWaves(seed: string, box: Box): readonly (readonly Point[])[] {
  const [a, b, c, d] = toFractions(seed)
  return Array.from({ length: waveLines }, (_, line) => {
    const phase = (line / waveLines) * Math.PI * 2
    return Array.from({ length: wavePoints }, (__, step): Point => {
      const t = step / (wavePoints - 1)
      const envelope = 0.28 + 0.2 * Math.sin(Math.PI * 2 * (t * (2 + Math.round(a * 3)) + b))
      const wave = Math.sin(Math.PI * 2 * t * (5 + Math.round(c * 6)) + phase)
      const ripple = 0.18 * Math.sin(Math.PI * 2 * t * (13 + Math.round(d * 9)) - phase * 2)
      return [box.x + t * box.width, box.y + box.height * (0.5 + envelope * wave + ripple * envelope)]
    })
  })
}

/** Nested closed curves around a point, at most `radius` from it. */
export function drawRosette(seed: string, [x, y]: Point, radius: number): readonly (readonly Point[])[] {
  const [a, b, c] = toFractions(seed)
  const petals = 7 + Math.round(a * 8)
  const twists = 2 + Math.round(b * 3)
  return Array.from({ length: rosetteLines }, (_, line) => {
    const shift = (line / rosetteLines) * Math.PI * 2
    return Array.from({ length: rosettePoints + 1 }, (__, step): Point => {
      const angle = (step / rosettePoints) * Math.PI * 2
      const wave =
        Math.sin(angle * petals + shift) * 0.24 + Math.sin(angle * twists * petals - shift) * 0.06 * c
      const distance = radius * (0.7 + wave)
      return [x + Math.cos(angle) * distance, y + Math.sin(angle) * distance]
    })
  })
}

/** Four numbers from 0 to 1 that belong to a seed. */
function toFractions(seed: string): readonly [number, number, number, number] {
  const digest = createHash('sha256').update(seed).digest()
  const fraction = (index: number): number => digest.readUInt32LE(index * 4) / 0xffffffff
  return [fraction(0), fraction(1), fraction(2), fraction(3)]
}
