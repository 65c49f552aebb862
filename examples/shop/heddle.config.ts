/** The shop as Heddle runs it: four applications, one process, one public port. */
import { defineConfig } from 'heddle'

const env = {
  // Adds buttons to the page of the workers that make an application fail or crash.
  SHOP_DEMO: 'on'
}

// oxlint-disable-next-line import/no-default-export -- a configuration is what its file exports by default.
export default defineConfig({
  // Each has as many workers as the machine has processors to spare; see `workers` to say otherwise.
  applications: {
    storefront: { path: './storefront', env, dependencies: ['catalog', 'accounts', 'invoices'] },
    catalog: { path: './catalog', env },
    accounts: { path: './accounts', env },
    invoices: { path: './invoices', env }
  },
  // Answers the public port. The other three can be reached through the mesh only.
  entrypoint: 'storefront'
})
