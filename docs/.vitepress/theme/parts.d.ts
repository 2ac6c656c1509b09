/** Components of the theme, which come without types. */
declare module "default-theme/*.vue" {
  import type { Component } from "vue"
  const component: Component
  export default component
}
