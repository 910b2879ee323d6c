import icon from '../icon.svg';
import { hrefOf } from '../router.js';

/** The name of the program, which leads to its first page. */
export function Brand() {
  return (
    <a class="brand" href={hrefOf('')}>
      <img src={icon} alt="" />
      Dogear
    </a>
  );
}
