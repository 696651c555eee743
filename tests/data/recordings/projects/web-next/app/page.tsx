import { Price } from "../components/price";

export default function Page() {
  return <Price cents="1999" currency="EUR" />;
}
