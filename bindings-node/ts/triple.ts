import { arch, platform, report } from "node:process";

/** The platform that the native part is made for, as in `linux-x64-gnu`. */
export function triple(): string {
  if (platform !== "linux") return `${platform}-${arch}`;
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return `linux-${arch}-${header.glibcVersionRuntime === undefined ? "musl" : "gnu"}`;
}
