/** A shop with a fault to be found: three applications, one public port. */
import { defineConfig } from 'heddle'

// oxlint-disable-next-line import/no-default-export -- a configuration is what its file exports by default.
export default defineConfig({
  applications: {
    storefront: { entry: 'storefront/server.js', workers: 2, dependencies: ['catalog', 'delivery'] },
    catalog: { entry: 'catalog/server.js', workers: 1 },
    // The same customer comes to the same worker, which has the address at hand.
    delivery: { entry: 'delivery/server.js', workers: 3, balance: 'hash:header:x-customer' }
  },
  entrypoint: 'storefront'
})
