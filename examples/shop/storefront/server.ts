/**
 * Starts the storefront. Under Heddle `listen()` opens no port: the edge holds the public one and sends
 * the requests here. Under plain node it opens `PORT` on this machine.
 */
import { onClose } from 'heddle/worker'

import { createShop } from './shop.ts'

const app = await createShop()
await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 3000) })
onClose(() => app.close())
