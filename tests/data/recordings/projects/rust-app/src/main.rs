mod account;

use account::Account;

fn main() {
    let account = Account::new("savings");
    let name = account.name;
    account.deposit(50);
    println!("{} {}", name, account.balance + "!");
}
