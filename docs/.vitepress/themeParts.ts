/**
 * Every page loads all parts of the theme, also those that the site does not show: translations, links to social networks, groups in the menus,
 * sponsors, advertisements. Those are replaced by nothing, in the way that the theme means parts to be replaced: by an alias. What some pages show
 * and others do not is loaded apart.
 */
import { fileURLToPath } from "node:url"

const unused = [
  "CarbonAds",
  "DocAsideCarbonAds",
  "DocAsideSponsors",
  "DocFooterLastUpdated",
  "Footer",
  "HomeSponsors",
  "NavBarMenuGroup",
  "NavBarSocialLinks",
  "NavBarTranslations",
  "NavScreenMenuGroup",
  "NavScreenSocialLinks",
  "NavScreenTranslations",
  "SocialLinks"
]

const ours = (path: string): string => fileURLToPath(new URL(`theme/${path}`, import.meta.url))

export const themeAliases = [
  { find: new RegExp(`^\\./VP(?:${unused.join("|")})\\.vue$`), replacement: ours("Nothing.ts") },
  { find: /^\.\/VPDoc\.vue$/, replacement: ours("Doc.ts") },
  { find: /^default-theme\//, replacement: fileURLToPath(new URL("components/", import.meta.resolve("vitepress/theme"))) }
]
