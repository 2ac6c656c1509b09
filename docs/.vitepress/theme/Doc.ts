/** What the theme puts beside and below a text, loaded with the pages that are one, and with no other. */
import { defineAsyncComponent } from "vue"

export default defineAsyncComponent(() => import("default-theme/VPDoc.vue"))
