/** A unified diff, by line; the sign stands before each, so colour is never alone. */
export function Diff({ text }: { text: string }) {
  return (
    <pre className="output overflow-auto rounded-lg p-3 text-xs leading-5" tabIndex={0} aria-label="difference">
      {text.split("\n").map((line, i) => (
        <span key={i} className={`block ${line.startsWith("+") ? "fg-green" : line.startsWith("-") ? "fg-red" : line.startsWith("@@") ? "fg-cyan" : ""}`}>{line || " "}</span>
      ))}
    </pre>
  );
}
