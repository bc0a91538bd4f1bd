"""Turn a comment that begins with /hubpipe into what it asks for: who may, what is done, what is answered."""

from hubpipe.commands.carrying import Hands, bare, carry_out, unpublished
from hubpipe.commands.errands import flows_for
from hubpipe.commands.order import Order, order_of

__all__ = ["Hands", "Order", "bare", "carry_out", "flows_for", "order_of", "unpublished"]
