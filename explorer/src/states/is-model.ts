/** Whether a file is one that is run for its states: known before what runs it is loaded. */
export function isModel({ name }: { name: string }): boolean {
  return name.toLowerCase().endsWith(".onnx");
}
