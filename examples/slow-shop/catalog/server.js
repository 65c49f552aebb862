/** The products. */
import { createServer } from 'node:http'

const products = ['scarf', 'rug', 'blanket', 'bag'].map((name, index) => ({ id: index + 1, name }))

createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(products))
}).listen(3001)
