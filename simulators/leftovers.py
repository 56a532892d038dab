"""What is open already and would spoil a drill: it is named before anything is pressed."""

from simulators.doors import Product
from simulators.scenario import Drill


def in_the_way(drill: Drill, product: Product) -> str | None:
    """Which alert must be closed first, and why; None: nothing stands in the way."""
    return _same_home(drill, product) or _same_telephone(drill, product)


def _same_home(drill: Drill, product: Product) -> str | None:
    """A press would join the home's open alert."""
    practice = {home.id for home in drill.practice}
    for home in drill.homes:
        for alert in () if home in practice else product.open_alerts(home, drill.drill):
            return f"{home} 还有未关闭的警情 / has an open alert {alert['id']}: close it, then run again"
    return None


def _same_telephone(drill: Drill, product: Product) -> str | None:
    """With two alerts open on one telephone a bare SMS "1" means neither (P26)."""
    texting = {act.target for act in drill.acts if act.verb == "sms_as"}
    for id in sorted(product.open_everywhere()) if texting else ():
        asked = {str(row.get("responder")) for row in product.alert(id).get("contacts") or ()}
        for who in sorted(asked & texting):
            return (
                f"{who} 还在被呼叫处理警情 {id}，短信 1 会不明确：请先关闭它再演练 / "
                f"{who} was asked for alert {id} too, a bare 1 would not be clear: close it, then run again"
            )
    return None
