/** Everything in the documentation that is drawn from the code: pages, and regions of pages that are written by hand. */
import { drawStateDiagram } from "../../src/draw/markdown.ts"
import { drawAssets } from "./assets.ts"
import { drawCommands } from "./commands.ts"
import { drawDecisions } from "./decisions.ts"
import { drawErrors } from "./errors.ts"
import { drawEvents } from "./events.ts"
import { examples } from "./examples.ts"
import { drawHttp } from "./http.ts"
import { drawLifecycle } from "./lifecycle.ts"
import { drawOpenApi } from "./openApi.ts"
import type { Page } from "./page.ts"
import { drawRegions } from "./regions.ts"
import { drawScenarios } from "./scenarios.ts"
import { drawSettings, drawSettingsTable } from "./settings.ts"

export const pages: ReadonlyArray<Page> = [
  {
    path: "README.md",
    draw: (written) =>
      drawRegions(written, {
        "state-diagram": () => drawStateDiagram(),
        settings: drawSettingsTable,
        ...examples(
          "docs/examples/cancel-an-order.ts",
          "docs/examples/on-postgresql.ts",
          "docs/examples/processes/cancellation-window.ts"
        )
      })
  },
  { path: "docs/decisions/index.md", draw: drawDecisions },
  { path: "docs/lifecycle.md", draw: () => drawLifecycle() },
  { path: "docs/asset-lifecycle.md", draw: drawAssets },
  { path: "docs/reference/commands.md", draw: drawCommands },
  { path: "docs/reference/errors.md", draw: () => drawErrors() },
  { path: "docs/reference/events.md", draw: drawEvents },
  { path: "docs/reference/http.md", draw: drawHttp },
  { path: "docs/reference/settings.md", draw: drawSettings },
  { path: "docs/public/openapi.json", draw: drawOpenApi },
  {
    path: "docs/guides/embedding-without-effect.md",
    draw: (written) =>
      drawRegions(
        written,
        examples(
          "docs/examples/without-effect.ts",
          "docs/examples/open-on-postgresql.ts",
          "docs/examples/orders-over-http.ts",
          "docs/examples/deliver-events.ts",
          "docs/examples/safe-consumer.ts",
          "docs/examples/shut-down.ts"
        )
      )
  },
  { path: "docs/testing-your-store.md", draw: (written) => drawRegions(written, examples("docs/examples/certify-a-store.ts")) },
  {
    path: "docs/simulation.md",
    draw: async (written) =>
      drawRegions(written, { ...examples("docs/examples/compare-policies.ts"), ...(await drawScenarios()) })
  }
]
