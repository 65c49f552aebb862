/**
 * Writes PDF files: pages with text, lines, boxes and curves; nothing more than an invoice needs.
 *
 * Pure and synchronous: the same calls give the same bytes, and the thread is busy until they are done.
 * Points are 1/72 inch; unlike in PDF itself `y` grows downwards from the top of the page.
 */
import { deflateSync } from 'node:zlib'

import { encodeText, fontNames, measure } from './fonts.ts'
import type { Font } from './fonts.ts'

/** A4 in points. */
export const pageSize = { width: 595.28, height: 841.89 } as const

/** Red, green and blue, each from 0 to 1. */
export type Colour = readonly [number, number, number]

/** How a text looks. */
export interface TextStyle {
  readonly font?: Font
  readonly size?: number
  readonly colour?: Colour
  /** Which end of the text is at `x`. @default 'left' */
  readonly align?: 'left' | 'right' | 'centre'
}

/** How a line is drawn. */
export interface Stroke {
  readonly colour: Colour
  readonly width: number
}

/** A place on a page. */
export type Point = readonly [x: number, y: number]

/** A rectangle on a page. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A page being drawn. */
export interface Page {
  /** Writes one line of text with its baseline at a point. */
  text(at: Point, text: string, style?: TextStyle): void
  /** Fills a rectangle. */
  box(box: Box, colour: Colour): void
  /** Draws a line through all points. */
  curve(points: readonly Point[], stroke: Stroke): void
  /** The drawing instructions so far, in PDF's own language. */
  content(): string
}

const black: Colour = [0.13, 0.11, 0.1]

/** An empty page. */
export function createPage(): Page {
  const instructions: string[] = []
  return {
    text([x, y], text, { font = 'regular', size = 10, colour = black, align = 'left' } = {}) {
      const width = align === 'left' ? 0 : measure(text, font, size)
      const left = align === 'right' ? x - width : x - width / 2
      const place = `${number(align === 'left' ? x : left)} ${number(pageSize.height - y)}`
      instructions.push(
        `BT /${font} ${number(size)} Tf ${numbers(colour)} rg ${place} Td ${encodeText(text)} Tj ET`
      )
    },
    box({ x, y, width, height }, colour) {
      const area = numbers([x, pageSize.height - y - height, width, height])
      instructions.push(`${numbers(colour)} rg ${area} re f`)
    },
    curve(points, { colour, width }) {
      const path = points.map(
        ([x, y], index) => `${numbers([x, pageSize.height - y])} ${index === 0 ? 'm' : 'l'}`
      )
      instructions.push(`${numbers(colour)} RG ${number(width)} w ${path.join(' ')} S`)
    },
    content: () => instructions.join('\n')
  }
}

/** The file: all pages behind one another, compressed, with a table that says where each object begins. */
export function writeDocument(pages: readonly Page[], title: string): Buffer {
  const fonts = Object.entries(fontNames)
  const firstPage = 4 + fonts.length
  const kids = pages.map((_, index) => `${firstPage + index * 2} 0 R`).join(' ')
  const fontList = fonts.map(([key], index) => `/${key} ${4 + index} 0 R`).join(' ')
  const objects: Buffer[] = [
    toObject('<< /Type /Catalog /Pages 2 0 R >>'),
    toObject(`<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`),
    toObject(`<< /Title ${encodeText(title)} /Producer (Heddle example shop) >>`),
    ...fonts.map(([, name]) =>
      toObject(`<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding /WinAnsiEncoding >>`)
    ),
    ...pages.flatMap((page, index) => [
      toObject(
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${pageSize.width} ${pageSize.height}] ` +
          `/Resources << /Font << ${fontList} >> >> /Contents ${firstPage + index * 2 + 1} 0 R >>`
      ),
      toStream(page.content())
    ])
  ]
  return assemble(objects)
}

function assemble(objects: readonly Buffer[]): Buffer {
  // The bytes above 127 tell programs that copy files that this one is not text.
  const parts = [Buffer.from('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n', 'latin1')]
  let offset = parts[0]?.length ?? 0
  const entries = ['0000000000 65535 f \n']
  objects.forEach((object, index) => {
    entries.push(`${String(offset).padStart(10, '0')} 00000 n \n`)
    const whole = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), object, Buffer.from('\nendobj\n')])
    parts.push(whole)
    offset += whole.length
  })
  const size = objects.length + 1
  parts.push(
    Buffer.from(
      `xref\n0 ${size}\n${entries.join('')}trailer\n<< /Size ${size} /Root 1 0 R /Info 3 0 R >>\n` +
        `startxref\n${offset}\n%%EOF\n`
    )
  )
  return Buffer.concat(parts)
}

function toObject(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function toStream(content: string): Buffer {
  const packed = deflateSync(Buffer.from(content, 'latin1'), { level: 9 })
  const head = `<< /Length ${packed.length} /Filter /FlateDecode >>\nstream\n`
  return Buffer.concat([Buffer.from(head), packed, Buffer.from('\nendstream')])
}

function number(value: number): string {
  return String(Math.round(value * 100) / 100)
}

function numbers(values: readonly number[]): string {
  return values.map(number).join(' ')
}
