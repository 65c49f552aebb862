/**
 * Makes up the products of the shop: a few hundred, the same ones on every machine.
 *
 * Pure: no clock, no disk, no Math.random. The catalog calls it once, when its database is empty.
 */
'use strict'

/** The shelves of the shop, in the order the pages show them. */
const categories = [
  {
    slug: 'yarn',
    name: 'Yarn',
    thing: 'yarn',
    sentence: 'Skeins and balls, dyed in small lots.',
    kinds: ['Merino', 'Alpaca', 'Shetland', 'Mohair', 'Silk noil', 'Linen', 'Cotton', 'Hemp'],
    price: [690, 2890],
    detail: 'One hundred grams, wound by hand, enough for a scarf or a pair of thick socks.'
  },
  {
    slug: 'fabric',
    name: 'Fabric',
    thing: 'cloth',
    sentence: 'By the metre, straight from the loom.',
    kinds: ['Linen', 'Denim', 'Wool', 'Cotton', 'Canvas', 'Hemp', 'Silk', 'Tweed'],
    price: [1490, 5890],
    detail: 'One metre, one hundred and forty centimetres wide, washed once so that it will not shrink again.'
  },
  {
    slug: 'scarves',
    name: 'Scarves',
    thing: 'scarf',
    sentence: 'Long ones, warm ones, thin ones for spring.',
    kinds: ['Lambswool', 'Cashmere', 'Linen', 'Silk', 'Merino', 'Alpaca', 'Cotton', 'Mohair'],
    price: [2900, 11900],
    detail: 'Thirty by one hundred and eighty centimetres with a fringe twisted by hand.'
  },
  {
    slug: 'blankets',
    name: 'Blankets',
    thing: 'blanket',
    sentence: 'For sofas, beds, picnics and long trains.',
    kinds: ['Lambswool', 'Recycled wool', 'Cotton', 'Merino', 'Picnic', 'Cot', 'Alpaca', 'Waffle'],
    price: [4900, 18900],
    detail: 'One hundred and thirty by two hundred centimetres, fulled and brushed until it is soft.'
  },
  {
    slug: 'cushions',
    name: 'Cushions',
    thing: 'cushion',
    sentence: 'Covers with a zip, filled with feather or kapok.',
    kinds: ['Linen', 'Wool', 'Velvet', 'Bouclé', 'Canvas', 'Tweed', 'Cotton', 'Felt'],
    price: [2400, 7900],
    detail: 'Fifty by fifty centimetres; the cover comes off and goes into the machine at thirty degrees.'
  },
  {
    slug: 'rugs',
    name: 'Rugs',
    thing: 'rug',
    sentence: 'Flat woven, reversible, made to be walked on.',
    kinds: ['Wool', 'Jute', 'Cotton rag', 'Sisal', 'Hemp', 'Kelim', 'Felted', 'Striped'],
    price: [8900, 42900],
    detail:
      'Eighty by one hundred and sixty centimetres, woven flat on both sides, lies still on a wooden floor.'
  },
  {
    slug: 'towels',
    name: 'Towels',
    thing: 'towel',
    sentence: 'For the kitchen, the bath and the lake.',
    kinds: ['Linen', 'Waffle', 'Terry', 'Honeycomb', 'Kitchen', 'Beach', 'Sauna', 'Guest'],
    price: [1290, 4890],
    detail: 'Takes up its own weight in water and dries on the line within an hour of sun.'
  },
  {
    slug: 'bags',
    name: 'Bags',
    thing: 'bag',
    sentence: 'Totes and satchels from our own cloth.',
    kinds: ['Canvas', 'Denim', 'Tweed', 'Market', 'Weekend', 'Knitting', 'Linen', 'Felt'],
    price: [1900, 9900],
    detail: 'Two straps, one pocket inside, a floor that stands on its own; carries fifteen kilograms.'
  }
]

/** Colour families: the first colour is the ground, the rest are the stripes. */
const palettes = [
  ['Ember', '#7a2318', '#c8492b', '#e9a23b', '#f3dcb2'],
  ['Fjord', '#173a4d', '#2f6f87', '#9cc4c9', '#eef0e6'],
  ['Moss', '#2f4027', '#5f7a3a', '#a9b665', '#ece6c8'],
  ['Heather', '#4a2f55', '#8a5a94', '#c9a2c6', '#efe3ea'],
  ['Harbour', '#1b2536', '#3b5478', '#c94f3d', '#f2ead9'],
  ['Oat', '#8a7457', '#b89f7b', '#d9c7a6', '#f6eedd'],
  ['Juniper', '#1f3d3a', '#3e6e62', '#8fb39a', '#d98b54'],
  ['Rosehip', '#6d1f35', '#b33a55', '#e58b86', '#f6ddcf'],
  ['Slate', '#2c3136', '#5b6670', '#9aa5ab', '#e5e4de'],
  ['Saffron', '#8a4b12', '#d48a1c', '#f0c24f', '#3a4f63'],
  ['Birch', '#5d5a52', '#a7a08f', '#e3dccb', '#3f5a4c'],
  ['Plum', '#35182f', '#6b2f57', '#b0647f', '#e8c9b0'],
  ['Lagoon', '#0f4a52', '#1f8a8a', '#7cc7b5', '#f4e9c9'],
  ['Barn', '#5e1914', '#98281d', '#2a2a2a', '#e7d9c2'],
  ['Dune', '#a8794a', '#d7ae79', '#efd9b4', '#6e8a8c'],
  ['Midnight', '#11142a', '#2b3166', '#6a72b5', '#e3c15c'],
  ['Fern', '#1d3320', '#35663c', '#7fae5f', '#e9d36c'],
  ['Clay', '#6f3b28', '#ab6244', '#d9a184', '#f2e2d2'],
  ['Frost', '#3f5666', '#7fa0b3', '#c6d8df', '#f4f5f1'],
  ['Quince', '#5c5313', '#a89a23', '#dccb58', '#74422f']
]

/** How the threads cross, by the name printed in the shop. `picture.js` draws them. */
const weaves = ['plain weave', 'twill', 'herringbone', 'basket weave', 'satin', 'bird’s eye']

const makers = [
  'on a hundred year old loom in the Tweed valley',
  'in a workshop of four people by the North Sea',
  'in the hills above Porto',
  'by a cooperative in Oaxaca',
  'in a former mill near Brno',
  'on the island of Gotland',
  'in the old town of Jaipur',
  'in a barn in the Jura'
]

const productsPerKind = 5

/**
 * All products of the shop, in the order of their ids.
 *
 * @returns {{ slug: string, name: string, category: string, description: string, weave: string,
 *   colours: string[], priceCents: number, stock: number }[]}
 */
function makeProducts() {
  const random = createRandom(20250117)
  return categories.flatMap(category => {
    const shift = Math.floor(random() * palettes.length)
    return category.kinds.flatMap((kind, row) =>
      Array.from({ length: productsPerKind }, (_, column) =>
        makeProduct(category, kind, {
          palette: palettes[(shift + row * productsPerKind + column * 3) % palettes.length],
          random
        })
      )
    )
  })
}

function makeProduct(category, kind, { palette, random }) {
  const [colour, ...colours] = palette
  const weave = weaves[Math.floor(random() * weaves.length)]
  const maker = makers[Math.floor(random() * makers.length)]
  const name = `${colour} ${kind.toLowerCase()} ${category.thing}`
  const [cheapest, dearest] = category.price
  // Squared, so that most things are affordable and a few are not; whole tens of cents look like prices.
  const priceCents = Math.round((cheapest + random() ** 2 * (dearest - cheapest)) / 10) * 10
  return {
    slug: toSlug(name),
    name,
    category: category.slug,
    description: `${category.detail} ${describeMaking(category.slug, weave)} ${maker}.`,
    weave,
    colours,
    priceCents,
    // One product in twenty is sold out, so that the pages show what that looks like.
    stock: random() < 0.05 ? 0 : 3 + Math.floor(random() * 60)
  }
}

function describeMaking(category, weave) {
  return category === 'yarn' ? `Shown worked up in ${weave}; spun` : `Woven in ${weave}`
}

function toSlug(name) {
  const plain = name.normalize('NFD').replace(/[\u0300-\u036f]/g, '')
  return plain.toLowerCase().replace(/[^a-z0-9]+/g, '-')
}

/** Mulberry32: 32 bits of state, good enough to look random and the same on every machine. */
function createRandom(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

module.exports = { categories, createRandom, makeProducts }
