"""Train for F1, watch F1: the loss by name, and the exact metric that it stands for, from its own record.

Run: python examples/train_for_f1.py
"""

import lossary
import torch

torch.manual_seed(0)
features = torch.randn(4000, 5)
target = (features[:, 0] + 0.5 * torch.randn(4000) > 1.8).float()  # 5 % positive

spec = lossary.get("anyloss")
criterion = lossary.create("anyloss", metric="f_beta")
(exact_f1,) = [metric for metric in spec.pairs_with if metric.name == "fbeta_score"]

model = torch.nn.Linear(5, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
for step in range(201):
    logits = model(features).squeeze(1)
    loss = criterion(logits, target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(
            f"step {step:3d}  loss {loss.item():.3f}  exact F1 {exact_f1(logits=logits, target=target):.3f}"
        )
