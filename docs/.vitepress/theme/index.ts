import type { Theme } from "vitepress"
import DefaultTheme from "vitepress/theme-without-fonts"
import { defineAsyncComponent } from "vue"
import { drawn } from "../live/diagram.ts"
import "./style.css"

/** Loaded with the page that uses it, and with no other. */
const LiveMachine = defineAsyncComponent(async () => {
  await drawn()
  return import("../live/LiveMachine.vue")
})

export default {
  extends: DefaultTheme,
  enhanceApp: ({ app }) => {
    app.component("LiveMachine", LiveMachine)
  }
} satisfies Theme
