/**
 * Draws a product as an SVG: its colours as warp and weft stripes, crossed as its weave says, cut to the
 * shape of what it is.
 *
 * Pure: the same product gives the same picture in every worker. The catalog calls it for each picture
 * that is asked for.
 */
'use strict'

const { createRandom } = require('./products.js')

const threadWidth = 8
const size = 400

/** One repeat of each weave: rows of weft, `1` where the warp lies on top. */
const drafts = {
  'plain weave': ['10', '01'],
  twill: ['1100', '0110', '0011', '1001'],
  herringbone: ['11000011', '01100110', '00111100', '10011001'],
  'basket weave': ['1100', '1100', '0011', '0011'],
  satin: ['11101', '10111', '11110', '11011', '01111'],
  'bird’s eye': ['101011', '010101', '101011', '110100', '101011', '010101']
}

/** The outlines, by category. Each is a list of shapes inside 400 by 400. */
const outlines = {
  yarn: '<circle cx="200" cy="200" r="140"/>',
  fabric: '<path d="M70 90h220l40 30v200l-40 26H70z"/>',
  scarves:
    '<path d="M128 96q72-74 144 0l-12 66q-60 44-120 0z"/><path d="M142 150h56l-10 186h-62z"/><path d="M202 150h56l16 140h-62z"/>',
  blankets: '<rect x="56" y="76" width="288" height="236" rx="6"/>',
  cushions: '<path d="M70 70q130 34 260 0-34 130 0 260-130-34-260 0 34-130 0-260z"/>',
  rugs: '<rect x="100" y="50" width="200" height="300"/>',
  towels: '<path d="M110 60h180v272q-90 18-180 0z"/>',
  bags: '<path d="M84 150h232l22 190H62z"/>'
}

/** What is drawn over the cloth, by category; nothing for those which need no more. */
const details = {
  yarn: '<path d="M75 150q130-90 250 10M66 200q140-70 268 30M80 260q120-60 220 40M150 70q120 90 110 260M110 100q100 100 90 238" fill="none" stroke="#fff" stroke-opacity=".35" stroke-width="3"/><path d="M318 275q60 60-40 84t-190 6" fill="none" stroke="COLOUR" stroke-width="7" stroke-linecap="round"/>',
  fabric: '<path d="M290 90v256l40-26V120z" fill="#000" fill-opacity=".25"/>',
  scarves:
    fringe(126, 188, 336) +
    fringe(212, 274, 290) +
    '<path d="M146 120q54-40 108 0M198 168v168M140 162q60 44 120 0" fill="none" stroke="#000" stroke-opacity=".3" stroke-width="4"/>',
  blankets:
    '<path d="M56 194h288" stroke="#000" stroke-opacity=".22" stroke-width="5"/><path d="M56 199h288" stroke="#fff" stroke-opacity=".3" stroke-width="2"/>' +
    fringe(56, 344, 312),
  cushions: '<path d="M70 70q130 34 260 0-34 130 0 260-130-34-260 0 34-130 0-260z" fill="url(#puff)"/>',
  rugs: fringe(100, 300, 350) + `<g transform="matrix(1 0 0 -1 0 400)">${fringe(100, 300, 350)}</g>`,
  towels:
    '<path d="M120 60v-14h30v14M250 60v-14h30v14" fill="none" stroke="COLOUR" stroke-width="5"/><path d="M110 280q90 18 180 0v14q-90 18-180 0z" fill="#fff" fill-opacity=".35"/>',
  bags: '<path d="M140 152c0-110 120-110 120 0" fill="none" stroke="COLOUR" stroke-width="13" stroke-linecap="round"/><path d="M84 150h232l2 16H82z" fill="#000" fill-opacity=".22"/>'
}

/**
 * The picture of a product as a complete SVG document.
 *
 * @param {{ slug: string, category: string, weave: string, colours: string[] }} product
 * @returns {string}
 */
function drawPicture(product) {
  const random = createRandom(hash(product.slug))
  const stripes = makeStripes(product, random)
  const draft = drafts[product.weave]
  const outline = outlines[product.category]
  const colour = product.colours[0]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" role="img">`,
    `<defs>${drawDraft(draft)}`,
    `<clipPath id="outline">${outline}</clipPath>`,
    '<radialGradient id="puff"><stop offset=".4" stop-color="#fff" stop-opacity=".18"/>',
    '<stop offset="1" stop-color="#000" stop-opacity=".3"/></radialGradient></defs>',
    `<rect width="${size}" height="${size}" fill="${product.colours.at(-1)}" fill-opacity=".55"/>`,
    `<g fill="#2b2118" fill-opacity=".16" transform="translate(7 10)">${outline}</g>`,
    `<g clip-path="url(#outline)">${drawStripes(stripes, 'weft')}`,
    `<g mask="url(#warp)">${drawStripes(stripes, 'warp')}</g>`,
    `<rect width="${size}" height="${size}" fill="url(#threads)"/></g>`,
    details[product.category].replaceAll('COLOUR', colour),
    '</svg>'
  ].join('')
}

/** The order of the coloured stripes, mirrored like a tartan; used for both directions. */
function makeStripes(product, random) {
  const count = 3 + Math.floor(random() * 4)
  const ground = product.colours[Math.floor(random() * 2)]
  const half = Array.from({ length: count }, (_, index) => ({
    colour: index % 2 === 0 ? ground : product.colours[Math.floor(random() * product.colours.length)],
    threads: index % 2 === 0 ? 3 + Math.floor(random() * 7) : 1 + Math.floor(random() * 4)
  }))
  return [...half, ...half.toReversed()]
}

function drawStripes(stripes, direction) {
  const shapes = []
  for (let at = 0, index = 0; at < size; index++) {
    const { colour, threads } = stripes[index % stripes.length]
    const width = threads * threadWidth
    const box =
      direction === 'warp'
        ? `x="${at}" width="${width}" height="${size}"`
        : `y="${at}" width="${size}" height="${width}"`
    shapes.push(`<rect ${box} fill="${colour}"/>`)
    at += width
  }
  return shapes.join('')
}

/** The mask that shows the warp where it is on top, and the shadows between the threads. */
function drawDraft(draft) {
  const width = draft[0].length * threadWidth
  const height = draft.length * threadWidth
  const cells = draft.flatMap((row, y) =>
    [...row].map((cell, x) => (cell === '1' ? `M${x * threadWidth} ${y * threadWidth}h8v8h-8z` : ''))
  )
  const edges = draft.flatMap((row, y) =>
    [...row].map((cell, x) =>
      cell === '1' ? `M${x * threadWidth} ${y * threadWidth}v8` : `M${x * threadWidth} ${y * threadWidth}h8`
    )
  )
  const pattern = `width="${width}" height="${height}" patternUnits="userSpaceOnUse"`
  return [
    `<pattern id="draft" ${pattern}><path d="${cells.join('')}" fill="#fff"/></pattern>`,
    `<pattern id="threads" ${pattern}><path d="${edges.join('')}" stroke="#000" stroke-opacity=".28" fill="none"/></pattern>`,
    `<mask id="warp"><rect width="${size}" height="${size}" fill="url(#draft)"/></mask>`
  ].join('')
}

function fringe(from, to, y) {
  const lines = []
  for (let x = from + 4; x < to; x += 8) lines.push(`M${x} ${y}l${x % 3 === 0 ? 2 : -1} 24`)
  return `<path d="${lines.join('')}" stroke="COLOUR" stroke-width="3" stroke-linecap="round" fill="none"/>`
}

/** FNV-1a, so that each product has its own stripes although many share a palette. */
function hash(text) {
  let value = 0x811c9dc5
  for (const character of text) value = Math.imul(value ^ character.codePointAt(0), 0x01000193)
  return value >>> 0
}

module.exports = { drawPicture }
