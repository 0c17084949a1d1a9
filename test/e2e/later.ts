// Loaded before the CLI (node --import): it then lives in a time to come, in which the Pods of a test are old. Sparkgate itself
// takes no such time where it deletes.
const later = Number(process.env["SPARKGATE_E2E_LATER"] ?? "0");
const now = Date.now.bind(Date);
Date.now = () => now() + later;
