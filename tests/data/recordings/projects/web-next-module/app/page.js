import { Chart } from "@/components/chart";
import confetti from "canvas-confetti";

export default function Page() {
  return <Chart onClick={confetti} />;
}
