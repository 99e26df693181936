using Fairlead.Policies;
using FsCheck;
using FsCheck.Fluent;

namespace Fairlead.Tests.Policies;

public sealed class RetryBudgetTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static RetryBudget Deposited(int attempts, double share)
    {
        var budget = default(RetryBudget);
        for (var i = 0; i < attempts; i++)
        {
            budget = budget.Deposit(share);
        }
        return budget;
    }

    private static List<double> Take(RetryBudget budget, int retries)
    {
        var waits = new List<double>();
        for (var i = 0; i < retries; i++)
        {
            (budget, var notBefore) = budget.Take(Now);
            waits.Add((notBefore - Now).TotalSeconds);
        }
        return waits;
    }

    [Theory]
    [InlineData(0, 0.1, new double[] { 0, 1, 2, 3 })]
    [InlineData(9, 0.1, new double[] { 0, 1, 2, 3 })]
    [InlineData(10, 0.1, new double[] { 0, 0, 1, 2 })]
    [InlineData(25, 0.1, new double[] { 0, 0, 0, 1 })]
    [InlineData(3, 1.0, new double[] { 0, 0, 0, 0 })]
    public void Retries_beyond_the_credit_take_one_slot_a_second(int attempts, double share, double[] waits) =>
        Take(Deposited(attempts, share), 4).ShouldBe(waits);

    [Fact]
    public void Credit_has_a_ceiling() => Take(Deposited(10_000, 0.5), 103)[^1].ShouldBe(2);

    [Fact]
    public void A_free_slot_is_not_saved_up()
    {
        var (budget, _) = default(RetryBudget).Take(Now);
        var (_, notBefore) = budget.Take(Now.AddHours(1));
        notBefore.ShouldBe(Now.AddHours(1));
    }

    [Fact]
    public void In_any_second_at_most_one_retry_goes_beyond_the_credit() => Prop.ForAll<byte, byte[]>((share, moments) =>
    {
        var (budget, at) = (default(RetryBudget), Now);
        var beyond = new List<DateTimeOffset>();
        foreach (var moment in moments)
        {
            at = at.AddMilliseconds(moment * 10);
            budget = budget.Deposit(share / 255.0);
            var hadCredit = budget.Credit >= RetryBudget.One;
            (budget, var notBefore) = budget.Take(at);
            if (!hadCredit)
            {
                beyond.Add(notBefore);
            }
            if (notBefore < at || budget.Credit < 0)
            {
                return false;
            }
        }
        return beyond.Zip(beyond.Skip(1)).All(p => p.Second - p.First >= RetryBudget.Pace);
    }).QuickCheckThrowOnFailure();
}
