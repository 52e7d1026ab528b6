// Before the first paint, and so not a module: the theme chosen at an earlier visit.
try {
  const theme = localStorage.getItem("orthonorm-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // storage is forbidden here: the system decides
}
